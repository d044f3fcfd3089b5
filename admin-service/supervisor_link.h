// The admin-service's end of its frame channel: introductions become calls, a
// Drain or the supervisor's death ends the loop. Runs in the admin-service, on
// its main thread. The supervisor is trusted to start us, yet a frame that
// makes no sense ends the link.
#ifndef HOLT_ADMIN_SERVICE_SUPERVISOR_LINK_H_
#define HOLT_ADMIN_SERVICE_SUPERVISOR_LINK_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/unique_fd.h"
#include "common/ipc/frame_channel.h"

namespace holt::admin {

// What the link tells.
class SupervisorEvents {
 public:
  virtual ~SupervisorEvents() = default;
  virtual void OnCourier(UniqueFd connection) = 0;
  // An invalid descriptor: the file is gone.
  virtual void OnKeysFile(UniqueFd file) = 0;
};

class SupervisorLink {
 public:
  // `events` outlives it.
  SupervisorLink(UniqueFd socket, SupervisorEvents& events)
      : channel_(std::move(socket)), events_(events) {}

  // Says that we serve.
  absl::Status SendReady();
  // Handles frames until Drain comes, and returns its deadline. Unavailable:
  // the supervisor is gone. InvalidArgument: it broke the protocol.
  absl::StatusOr<absl::Duration> RunUntilDrain();

 private:
  // True when the frame was Drain.
  absl::StatusOr<bool> Handle(ReceivedFrame& frame, absl::Duration& deadline);
  absl::Status Introduced(ReceivedFrame& frame);

  FrameChannel channel_;
  SupervisorEvents& events_;
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_SUPERVISOR_LINK_H_
