// One request on its way through the broker: what a handler gets. Each handler
// lives in a file of its own, decodes its frame, does its one thing, and
// answers. Supervisor only; the frame is hostile.
#ifndef HOLT_SUPERVISOR_BROKER_REQUEST_H_
#define HOLT_SUPERVISOR_BROKER_REQUEST_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/ipc/frame_channel.h"
#include "supervisor/broker/child_session.h"
#include "supervisor/keys/vault.h"

namespace holt::supervisor {

struct Request {
  absl::Span<const uint8_t> frame;
  uint64_t id;
  ChildSession& child;
  Vault& vault;
  FrameChannel& channel;
};

// A failure ends the child.
using Handler = absl::Status (*)(const Request& request);

// A signature over the content of a TLS 1.3 CertificateVerify, by the identity
// the child was started with. kNotFound: no such identity. kRefused: the scheme
// is not its key's. Anything but such a content fails.
absl::Status HandleSign(const Request& request);
absl::Status AnswerSignBusy(const Request& request);

// The session ticket keys.
absl::Status HandleTicketKeys(const Request& request);

// An upstream's credential; kNotFound when it has none.
absl::Status HandleCredential(const Request& request);
absl::Status AnswerCredentialBusy(const Request& request);
// The reply for `upstream`, asked (id) or not (0).
absl::Status SendCredential(const Vault& vault, uint16_t upstream, uint64_t id,
                            FrameChannel& channel);

// The child serves.
absl::Status HandleReady(const Request& request);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_BROKER_REQUEST_H_
