#include "admin-service/supervisor_link.h"

#include <poll.h>

#include <cerrno>

#include "common/base/status_macros.h"

namespace holt::admin {

absl::Status SupervisorLink::SendReady() {
  return channel_.SendMessage(0, Ready{});
}

absl::StatusOr<absl::Duration> SupervisorLink::RunUntilDrain() {
  for (;;) {
    pollfd wait = {.fd = channel_.fd(), .events = POLLIN};
    if (::poll(&wait, 1, -1) < 0 && errno != EINTR) {
      return ErrnoToStatus(errno, "waiting for the supervisor");
    }
    ReceivedFrame frame;
    const absl::Status received = channel_.Receive(frame);
    if (absl::IsNotFound(received)) continue;
    RETURN_IF_ERROR(received);
    absl::Duration deadline;
    ASSIGN_OR_RETURN(const bool drain, Handle(frame, deadline));
    if (drain) return deadline;
  }
}

absl::StatusOr<bool> SupervisorLink::Handle(ReceivedFrame& frame,
                                            absl::Duration& deadline) {
  ASSIGN_OR_RETURN(const FrameHeader header, DecodeFrameHeader(frame.bytes()));
  if (header.type == FrameType::kIntroduce) {
    RETURN_IF_ERROR(Introduced(frame));
    return false;
  }
  ASSIGN_OR_RETURN(const struct Drain drain,
                   DecodeFrame<struct Drain>(frame.bytes()));
  deadline = absl::Milliseconds(drain.deadline_millis);
  return true;
}

absl::Status SupervisorLink::Introduced(ReceivedFrame& frame) {
  ASSIGN_OR_RETURN(const Introduce introduce,
                   DecodeFrame<Introduce>(frame.bytes()));
  UniqueFd fd = frame.TakeFd();
  if (introduce.what == Introduction::kCourierChannel && fd.valid()) {
    events_.OnCourier(std::move(fd));
    return absl::OkStatus();
  }
  const bool gone = (introduce.flags & kKeysFileMissing) != 0;
  if (introduce.what == Introduction::kKeysFile && fd.valid() != gone) {
    events_.OnKeysFile(std::move(fd));
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("an introduction that is not for us");
}

}  // namespace holt::admin
