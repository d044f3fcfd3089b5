#include "worker/courier/admin_client.h"

#include <grpcpp/create_channel_posix.h>
#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

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

// Counts what gRPC holds of a client. The last thing a thread of gRPC does with
// a call is to end it here.
class AdminClient::Running {
 public:
  void Begin() {
    absl::MutexLock lock(&mutex_);
    ++count_;
  }
  void End() {
    absl::MutexLock lock(&mutex_);
    --count_;
  }
  void AwaitNone() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](int* count) { return *count == 0; }, &count_));
  }

 private:
  absl::Mutex mutex_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
};

struct AdminClient::Call {
  virtual ~Call() = default;
  grpc::ClientContext context;
};

template <typename Request, typename Response>
struct AdminClient::UnaryCall : Call {
  Request request;
  Response response;
  Done<Response> done;
};

// One stream. It is always in one of these states, and in all but the last a
// hold keeps gRPC from ending it:
//
//   kReading   a read is under way with gRPC
//   kPosted    its result is on its way to the loop
//   kHandling  the loop handles it
//   kEnding    the hold was given up; OnDone comes, and then deletion
class AdminClient::WatchCall final
    : public grpc::ClientReadReactor<KeyTableChange> {
 public:
  WatchCall(AdminClient& client, KeyWatchEvents& events)
      : client_(client),
        sender_(client.sender_),
        alive_(client.alive_),
        running_(client.running_),
        events_(events) {}

  void Start(uint64_t known_epoch) {
    running_->Begin();
    request_.set_known_epoch(known_epoch);
    client_.stub_->async()->WatchKeys(&context_, &request_, this);
    AddHold();
    StartRead(&change_);
    StartCall();
  }

  // Nothing is told from here on. The loop's thread; gRPC goes on with the call
  // until OnDone, and so does this object.
  void Abandon() {
    absl::MutexLock lock(&mutex_);
    abandoned_ = true;
    context_.TryCancel();
    // Its result will not be handled.
    if (state_ == State::kPosted) EndHold();
  }

  // gRPC's thread.
  void OnReadDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    if (abandoned_) {
      EndHold();
      return;
    }
    state_ = State::kPosted;
    sender_.Post([this, alive = alive_, ok] {
      // In order: what deletes this is posted later.
      if (*alive) Handle(ok);
    });
  }

  // gRPC's thread, and the last it does here.
  void OnDone(const grpc::Status&) override {
    const std::shared_ptr<Running> running = running_;
    sender_.Post([this, alive = alive_, &client = client_] {
      if (!*alive) return;
      std::erase_if(client.watches_,
                    [this](const auto& watch) { return watch.get() == this; });
    });
    running->End();
  }

 private:
  enum class State { kReading, kPosted, kHandling, kEnding };

  void EndHold() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    state_ = State::kEnding;
    RemoveHold();
  }

  void Handle(bool ok) {
    if (!BeginHandling()) return;
    if (ok) {
      events_.OnChange(change_);
    } else {
      events_.OnWatchEnd();
    }
    EndHandling(ok);
  }

  bool BeginHandling() {
    absl::MutexLock lock(&mutex_);
    if (abandoned_) return false;
    state_ = State::kHandling;
    return true;
  }

  void EndHandling(bool ok) {
    absl::MutexLock lock(&mutex_);
    if (!ok || abandoned_) {
      EndHold();
      return;
    }
    state_ = State::kReading;
    StartRead(&change_);
  }

  AdminClient& client_;
  const Mailbox::Sender sender_;
  const std::shared_ptr<bool> alive_;
  const std::shared_ptr<Running> running_;
  KeyWatchEvents& events_;
  grpc::ClientContext context_;
  WatchKeysRequest request_;
  KeyTableChange change_;
  absl::Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kReading;
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;
};

AdminClient::AdminClient(Mailbox& mailbox, UniqueFd socket)
    : sender_(mailbox.sender()),
      stub_(CourierService::NewStub(grpc::CreateInsecureChannelFromFd(
          "admin-service", socket.release()))),
      alive_(std::make_shared<bool>(true)),
      running_(std::make_shared<Running>()) {}

AdminClient::~AdminClient() {
  *alive_ = false;
  CancelWatch();
  for (const auto& call : calls_) call->context.TryCancel();
  running_->AwaitNone();
}

void AdminClient::Watch(uint64_t known_epoch, KeyWatchEvents& events) {
  CancelWatch();
  watches_.push_back(std::make_unique<WatchCall>(*this, events));
  watch_ = watches_.back().get();
  watch_->Start(known_epoch);
}

void AdminClient::CancelWatch() {
  if (watch_ != nullptr) watch_->Abandon();
  watch_ = nullptr;
}

template <typename Request, typename Response>
AdminClient::UnaryCall<Request, Response>& AdminClient::Add(
    Request request, absl::Duration deadline, Done<Response> done) {
  auto call = std::make_unique<UnaryCall<Request, Response>>();
  UnaryCall<Request, Response>& added = *call;
  // A span: gRPC counts from now on by its own, monotonic clock.
  added.context.set_deadline(
      gpr_time_from_millis(absl::ToInt64Milliseconds(deadline), GPR_TIMESPAN));
  added.request = std::move(request);
  added.done = std::move(done);
  calls_.push_back(std::move(call));
  running_->Begin();
  return added;
}

template <typename Request, typename Response>
std::function<void(grpc::Status)> AdminClient::Ended(
    UnaryCall<Request, Response>& call) {
  return [this, &call, sender = sender_, alive = alive_,
          running = running_](const grpc::Status& status) {
    sender.Post([this, &call, alive, status] {
      if (!*alive) return;
      call.done(status, call.response);
      std::erase_if(calls_,
                    [&call](const auto& each) { return each.get() == &call; });
    });
    running->End();
  };
}

void AdminClient::GetKeyEpoch(Done<GetKeyEpochResponse> done) {
  auto& call = Add(GetKeyEpochRequest(), kQuestionDeadline, std::move(done));
  stub_->async()->GetKeyEpoch(&call.context, &call.request, &call.response,
                              Ended(call));
}

void AdminClient::ReportUsage(ReportUsageRequest request,
                              Done<ReportUsageResponse> done) {
  auto& call = Add(std::move(request), kReportDeadline, std::move(done));
  stub_->async()->ReportUsage(&call.context, &call.request, &call.response,
                              Ended(call));
}

void AdminClient::ReportNode(ReportNodeRequest request,
                             Done<ReportNodeResponse> done) {
  auto& call = Add(std::move(request), kQuestionDeadline, std::move(done));
  stub_->async()->ReportNode(&call.context, &call.request, &call.response,
                             Ended(call));
}

}  // namespace holt::worker
