// The calls to the admin-service over one socket pair
// (docs/protocol/courier.md). Made and used on the loop's thread; what gRPC's
// threads learn comes back through the mailbox. A client never reconnects: when
// the pair is dead all its calls fail, and the supervisor sends another pair
// for another client.
//
// The admin-service is trusted for policy; that its answers are messages of
// ours is gRPC's and protobuf's to see, everything within is checked by the
// callers. Courier only.
#ifndef HOLT_WORKER_COURIER_ADMIN_CLIENT_H_
#define HOLT_WORKER_COURIER_ADMIN_CLIENT_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "common/base/unique_fd.h"
#include "proto/holt/internal/v1/courier.grpc.pb.h"
#include "worker/courier/mailbox.h"

namespace holt::worker {

class KeyWatchEvents {
 public:
  virtual ~KeyWatchEvents() = default;
  // The next step. May cancel the watch.
  virtual void OnChange(const internal::v1::KeyTableChange& change) = 0;
  // The stream ended by itself; not called after CancelWatch.
  virtual void OnWatchEnd() = 0;
};

class AdminClient {
 public:
  template <typename Response>
  using Done = std::function<void(const grpc::Status&, const Response&)>;

  // Takes one end of a connected stream pair, non-blocking.
  AdminClient(Mailbox& mailbox, UniqueFd socket);
  // Cancels what runs, and waits until gRPC has let go of it (milliseconds:
  // nothing of that asks the peer). Nothing is called afterwards. That also
  // keeps gRPC's threads from ever being the last to hold the channel: its end
  // waits for those threads.
  ~AdminClient();
  AdminClient(const AdminClient&) = delete;
  AdminClient& operator=(const AdminClient&) = delete;

  // Starts the stream of changes, in place of one that runs. `events` outlives
  // the client.
  void Watch(uint64_t known_epoch, KeyWatchEvents& events);
  void CancelWatch();

  // Each calls `done` once, on the loop, unless the client is destroyed before;
  // at most after its deadline. The client must not be destroyed inside.
  void GetKeyEpoch(Done<internal::v1::GetKeyEpochResponse> done);
  void ReportUsage(internal::v1::ReportUsageRequest request,
                   Done<internal::v1::ReportUsageResponse> done);
  void ReportNode(internal::v1::ReportNodeRequest request,
                  Done<internal::v1::ReportNodeResponse> done);

 private:
  struct Call;
  template <typename Request, typename Response>
  struct UnaryCall;
  class WatchCall;
  class Running;

  template <typename Request, typename Response>
  UnaryCall<Request, Response>& Add(Request request, absl::Duration deadline,
                                    Done<Response> done);
  // What gRPC calls, on a thread of its own, when `call` has ended.
  template <typename Request, typename Response>
  std::function<void(grpc::Status)> Ended(UnaryCall<Request, Response>& call);

  const Mailbox::Sender sender_;
  const std::unique_ptr<internal::v1::CourierService::Stub> stub_;
  // Shared with what is on its way to the loop when the client goes.
  const std::shared_ptr<bool> alive_;
  const std::shared_ptr<Running> running_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::vector<std::unique_ptr<WatchCall>> watches_;  // that have not ended
  WatchCall* watch_ = nullptr;                       // that is listened to
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_COURIER_ADMIN_CLIENT_H_
