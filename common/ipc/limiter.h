// The request limiter: sliding windows in shared memory over all workers. A
// limit of N per window W admits N and never more than N in any W, exactly,
// whichever workers the requests come to and whoever is killed in between: each
// cell holds the times of the last N admissions, and one compare-and-swap that
// puts the new time in the place of one that has left the window is the whole
// admission. There is no second step that a dead worker could leave undone.
// Layout 1, docs/protocol/limiter.md. Workers map it read-write; what they read
// is hostile, and every call looks at each place of a cell at most twice.
#ifndef HOLT_COMMON_IPC_LIMITER_H_
#define HOLT_COMMON_IPC_LIMITER_H_

#include <array>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"
#include "common/ipc/shared_memory.h"

namespace holt {

// One client address: IPv4 mapped into IPv6; IPv6 cut to its /64 (one household
// or host has at least that).
using AddressKey = std::array<uint8_t, 16>;

// The largest limit a cell enforces exactly; larger ones are lowered to it and
// said so at start.
inline constexpr uint32_t kMaxGlobalRequests = 65'536;
inline constexpr uint32_t kMaxKeyRequests = 1'024;
inline constexpr uint32_t kMaxAddressRequests = 1'024;
inline constexpr uint32_t kAddressCells = 16'384;

size_t LimiterSize(uint32_t max_keys);

struct LimitDecision {
  bool admitted = false;
  uint32_t limit = 0;
  uint32_t remaining = 0;         // after this request
  int64_t reset_nanos = 0;        // until the window is empty again
  int64_t retry_after_nanos = 0;  // refused: until one more would be admitted
};

class Limiter {
 public:
  // Maps LimiterSize(max_keys) zeroed bytes, shared by all workers. `seed`
  // scatters addresses and is the same for all workers (it is kept in the
  // memory by whoever comes first).
  static absl::StatusOr<Limiter> Open(int fd, uint32_t max_keys);

  // Each asks its window and, if it admits, counts the request. `requests` 0:
  // no limit (always admitted, limit 0). A change of `requests` or
  // `window_nanos` keeps what was admitted within the new window as far as the
  // cell still knows it: the last admissions, as many as the largest limit so
  // far. `now` is Clock::BootNanos, positive.
  LimitDecision AdmitGlobal(uint32_t requests, int64_t window_nanos,
                            int64_t now);
  LimitDecision AdmitKey(uint32_t cell, uint32_t requests, int64_t window_nanos,
                         int64_t now);
  // When all cells an address may use belong to addresses active within the
  // window, the request is admitted and counted in overflow(): memory stays
  // bounded, and nobody is refused for another's flood.
  LimitDecision AdmitAddress(const AddressKey& address, uint32_t requests,
                             int64_t window_nanos, int64_t now);

  // Takes one admission back (a later limit refused the same request), so that
  // a refusal for one limit does not consume another. `now` is the time given
  // to the Admit that is undone. Exact from then on; between the two calls
  // other workers see the place taken.
  void UndoGlobal(int64_t now);
  void UndoKey(uint32_t cell, int64_t now);

  [[nodiscard]] uint64_t overflow() const;

 private:
  Limiter(Mapping mapping, uint32_t max_keys)
      : mapping_(std::move(mapping)), max_keys_(max_keys) {}
  Mapping mapping_;
  uint32_t max_keys_;
};

}  // namespace holt

#endif  // HOLT_COMMON_IPC_LIMITER_H_
