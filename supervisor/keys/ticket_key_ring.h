// The keys that seal TLS session tickets: made here, shared by all workers,
// replaced every twelve hours. The one before the current still opens tickets;
// older ones are gone from memory, and with them whatever was recorded under
// them. Supervisor only.
#ifndef HOLT_SUPERVISOR_KEYS_TICKET_KEY_RING_H_
#define HOLT_SUPERVISOR_KEYS_TICKET_KEY_RING_H_

#include <cstdint>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/ipc/frames.h"
#include "common/secret/secret_arena.h"
#include "common/secret/secret_bytes.h"

namespace holt::supervisor {

class TicketKeyRing {
 public:
  static constexpr absl::Duration kLife = absl::Hours(12);

  // Makes the first key. Both outlive the ring.
  TicketKeyRing(SecretArena& arena, const Clock& clock);

  // Replaces the current key if its time has come; true when it did: push
  // KeysNow() to every worker then. A machine that slept through two lives or
  // more gets two new keys.
  bool RotateIfDue();
  // Until when nothing is due; never negative.
  [[nodiscard]] absl::Duration UntilDue() const;

  // Both keys as a frame. The copy wipes itself.
  [[nodiscard]] TicketKeysReply KeysNow() const;

 private:
  [[nodiscard]] SecretBytes MakeKey() const;

  SecretArena& arena_;
  const Clock& clock_;
  int64_t made_nanos_;
  SecretBytes current_;
  SecretBytes previous_;  // empty until the first rotation
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_KEYS_TICKET_KEY_RING_H_
