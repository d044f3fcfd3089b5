// Answers the frames that children send to the supervisor. This is the whole
// privileged surface: one table of requests (broker.cc), each row with the
// roles that may send it, when, how often, and its handler in a file of its
// own. Every byte that comes in is hostile; a frame that breaks a rule costs
// the child that sent it its life, and nothing else.
#ifndef HOLT_SUPERVISOR_BROKER_BROKER_H_
#define HOLT_SUPERVISOR_BROKER_BROKER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/ipc/frame_channel.h"
#include "supervisor/broker/child_session.h"
#include "supervisor/keys/vault.h"

namespace holt::supervisor {

class Broker {
 public:
  // A child that sends more frames than this in a second is ended; below it,
  // each request has its own bound.
  static constexpr uint32_t kMaxFramesPerSecond = 4000;
  static constexpr uint32_t kMaxSignaturesPerSecond = 500;

  // Both outlive the broker.
  Broker(Vault& vault, const Clock& clock) : vault_(vault), clock_(clock) {}

  // Handles one frame that came from `child` and answers on `channel`, the
  // supervisor's end of its pair. A failure means: end that child. (It broke
  // the protocol, is gone, or does not read its answers.) child.ready() may
  // change.
  absl::Status HandleFrame(ChildSession& child, ReceivedFrame& frame,
                           FrameChannel& channel);

  // Unasked, to a worker: after TicketKeyRing::RotateIfDue() and after a
  // credential was replaced. A failure means the same.
  absl::Status PushTicketKeys(FrameChannel& channel);
  absl::Status PushCredential(uint16_t upstream, FrameChannel& channel);

 private:
  Vault& vault_;
  const Clock& clock_;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_BROKER_BROKER_H_
