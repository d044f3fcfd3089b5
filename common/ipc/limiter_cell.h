// One cell of the limiter: the times of the last admissions, in shared memory
// that all workers write. See common/ipc/limiter.h for what it promises and
// docs/protocol/limiter.md for why it holds. Workers only; the memory is
// hostile: no value of it is an index or a length.
#ifndef HOLT_COMMON_IPC_LIMITER_CELL_H_
#define HOLT_COMMON_IPC_LIMITER_CELL_H_

#include <atomic>
#include <cstdint>

#include "absl/types/span.h"

namespace holt {

struct LimitDecision;

// The first bytes of a cell; the places follow.
struct alignas(64) LimiterCellHeader {
  // Where the next admission probably finds a place: only a hint.
  std::atomic<uint32_t> cursor;
  // Places that any limit so far has used.
  std::atomic<uint32_t> used_places;
};

// A place: 0, or the time (Clock::BootNanos) of an admission.
using LimiterPlace = std::atomic<int64_t>;

// A view of a cell. `header` and `places` belong to the mapping and outlive it.
class LimiterCell {
 public:
  LimiterCell(LimiterCellHeader& header, absl::Span<LimiterPlace> places)
      : header_(header), places_(places) {}

  LimitDecision Admit(uint32_t limit, int64_t window_nanos, int64_t now);
  // Takes back one admission that was given at exactly `now`.
  void Undo(int64_t now);
  // True when no admission is within the window.
  [[nodiscard]] bool IsIdle(int64_t window_nanos, int64_t now) const;

 private:
  struct Tally;
  [[nodiscard]] uint32_t used_places() const;
  void UsePlaces(uint32_t count);
  bool HasRoomBesidesEarlier(uint32_t limit, int64_t window_nanos, int64_t now,
                             Tally& tally);
  LimiterCellHeader& header_;
  absl::Span<LimiterPlace> places_;
};

}  // namespace holt

#endif  // HOLT_COMMON_IPC_LIMITER_CELL_H_
