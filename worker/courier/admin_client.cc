#include "worker/courier/admin_client.h"

#include <grpcpp/create_channel_posix.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <utility>

namespace holt::worker {
namespace {

using internal::v1::CourierService;
using internal::v1::GetKeyEpochRequest;
using internal::v1::GetKeyEpochResponse;
using internal::v1::KeyTableChange;
using internal::v1::ReportNodeRequest;
using internal::v1::ReportNodeResponse;
using internal::v1::ReportUsageRequest;
using internal::v1::ReportUsageResponse;
using internal::v1::WatchKeysRequest;

constexpr absl::Duration kQuestionDeadline = absl::Seconds(5);
// A commit may wait for a slow disk.
constexpr absl::Duration kReportDeadline = absl::Seconds(20);

}  // namespace

struct AdminClient::Call {
  virtual ~Call() = default;
  grpc::ClientContext context;
  bool dropped = false;  // by its client; the loop's thread only
};

template <typename Request, typename Response>
struct AdminClient::UnaryCall : Call {
  Request request;
  Response response;
  Done<Response> done;
  std::shared_ptr<CourierService::Stub> stub;
};

// One stream. At any time a read is under way with gRPC, or its result is on
// its way to the loop or being handled there; the hold keeps gRPC from ending
// the call in between.
class AdminClient::WatchCall final
    : public grpc::ClientReadReactor<KeyTableChange>,
      public std::enable_shared_from_this<WatchCall> {
 public:
  WatchCall(Mailbox::Sender sender, std::shared_ptr<CourierService::Stub> stub,
            KeyWatchEvents& events)
      : sender_(std::move(sender)), stub_(std::move(stub)), events_(events) {}

  void Start(uint64_t known_epoch) {
    self_ = shared_from_this();
    request_.set_known_epoch(known_epoch);
    stub_->async()->WatchKeys(&context_, &request_, this);
    AddHold();
    StartRead(&change_);
    StartCall();
  }

  // Nothing is told from here on.
  void Abandon() {
    abandoned_ = true;
    context_.TryCancel();
  }

  void OnReadDone(bool ok) override {
    const bool posted =
        !abandoned_ &&
        sender_.Post([self = shared_from_this(), ok] { self->Deliver(ok); });
    if (!posted) RemoveHold();
  }

  // gRPC's last call. The loop may still hold it.
  void OnDone(const grpc::Status&) override {
    const std::shared_ptr<WatchCall> last = std::move(self_);
  }

 private:
  void Deliver(bool ok) {
    if (ok && !abandoned_) events_.OnChange(change_);
    if (ok && !abandoned_) {
      StartRead(&change_);
      return;
    }
    RemoveHold();
    if (!abandoned_) events_.OnWatchEnd();
  }

  const Mailbox::Sender sender_;
  const std::shared_ptr<CourierService::Stub> stub_;
  KeyWatchEvents& events_;
  std::shared_ptr<WatchCall> self_;
  std::atomic<bool> abandoned_ = false;
  grpc::ClientContext context_;
  WatchKeysRequest request_;
  KeyTableChange change_;
};

AdminClient::AdminClient(Mailbox& mailbox, UniqueFd socket)
    : sender_(mailbox.sender()),
      stub_(CourierService::NewStub(grpc::CreateInsecureChannelFromFd(
          "admin-service", socket.release()))) {}

AdminClient::~AdminClient() {
  CancelWatch();
  for (const auto& call : calls_) {
    call->dropped = true;
    call->context.TryCancel();
  }
}

void AdminClient::Watch(uint64_t known_epoch, KeyWatchEvents& events) {
  CancelWatch();
  watch_ = std::make_shared<WatchCall>(sender_, stub_, events);
  watch_->Start(known_epoch);
}

void AdminClient::CancelWatch() {
  if (watch_ != nullptr) watch_->Abandon();
  watch_ = nullptr;
}

template <typename Request, typename Response>
std::shared_ptr<AdminClient::UnaryCall<Request, Response>> AdminClient::Start(
    Request request, absl::Duration deadline, Done<Response> done) {
  auto call = std::make_shared<UnaryCall<Request, Response>>();
  call->context.set_deadline(absl::ToChronoTime(absl::Now() + deadline));
  call->request = std::move(request);
  call->done = std::move(done);
  call->stub = stub_;
  calls_.push_back(call);
  return call;
}

template <typename Request, typename Response>
std::function<void(grpc::Status)> AdminClient::Ended(
    std::shared_ptr<UnaryCall<Request, Response>> call) {
  return [this, call = std::move(call),
          sender = sender_](const grpc::Status& status) {
    sender.Post([this, call, status] {
      // Dropped: `this` is gone.
      if (call->dropped) return;
      calls_.erase(std::find(calls_.begin(), calls_.end(), call));
      call->done(status, call->response);
    });
  };
}

void AdminClient::GetKeyEpoch(Done<GetKeyEpochResponse> done) {
  auto call = Start(GetKeyEpochRequest(), kQuestionDeadline, std::move(done));
  stub_->async()->GetKeyEpoch(&call->context, &call->request, &call->response,
                              Ended(call));
}

void AdminClient::ReportUsage(ReportUsageRequest request,
                              Done<ReportUsageResponse> done) {
  auto call = Start(std::move(request), kReportDeadline, std::move(done));
  stub_->async()->ReportUsage(&call->context, &call->request, &call->response,
                              Ended(call));
}

void AdminClient::ReportNode(ReportNodeRequest request,
                             Done<ReportNodeResponse> done) {
  auto call = Start(std::move(request), kQuestionDeadline, std::move(done));
  stub_->async()->ReportNode(&call->context, &call->request, &call->response,
                             Ended(call));
}

}  // namespace holt::worker
