// What the broker remembers about one running child: who it is, how far it has
// come, how much it has asked for. One per process started; a restarted child
// gets a new one. Supervisor only.
#ifndef HOLT_SUPERVISOR_BROKER_CHILD_SESSION_H_
#define HOLT_SUPERVISOR_BROKER_CHILD_SESSION_H_

#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "common/ipc/descriptors.h"
#include "supervisor/broker/rate_bound.h"
#include "supervisor/keys/tls_identity.h"

namespace holt::supervisor {

// Rows of the request table.
inline constexpr size_t kRequestCount = 4;

class ChildSession {
 public:
  // `identities` are those the child was started with (null unless it is a
  // worker with TLS).
  ChildSession(Role role, std::shared_ptr<const TlsIdentities> identities)
      : role_(role), identities_(std::move(identities)) {}

  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] const TlsIdentities* identities() const {
    return identities_.get();
  }
  // The child has sent Ready.
  [[nodiscard]] bool ready() const { return ready_; }

  // For status: signatures made, requests answered kBusy.
  [[nodiscard]] uint64_t signatures() const { return signatures_; }
  [[nodiscard]] uint64_t busy_replies() const { return busy_replies_; }

  // The rest is for the broker and its handlers.
  void MarkReady() { ready_ = true; }
  void CountSignature() { ++signatures_; }
  void CountBusyReply() { ++busy_replies_; }
  // False when this frame is one too many for the second it came in.
  bool AdmitFrame(int64_t now_nanos, uint32_t per_second) {
    return all_frames_.Admit(now_nanos, per_second);
  }
  // The same for the request in row `row` of the table.
  bool AdmitRequest(size_t row, int64_t now_nanos, uint32_t per_second) {
    return per_request_[row].Admit(now_nanos, per_second);
  }

 private:
  const Role role_;
  const std::shared_ptr<const TlsIdentities> identities_;
  bool ready_ = false;
  uint64_t signatures_ = 0;
  uint64_t busy_replies_ = 0;
  RateBound all_frames_;
  std::array<RateBound, kRequestCount> per_request_;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_BROKER_CHILD_SESSION_H_
