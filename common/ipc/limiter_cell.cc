#include "common/ipc/limiter_cell.h"

#include <algorithm>
#include <limits>

#include "common/ipc/limiter.h"

namespace holt {
namespace {

// Written so that no hostile time overflows: `now` is positive.
bool HasLeft(int64_t time, int64_t window_nanos, int64_t now) {
  return time <= 0 || (time <= now && now - time >= window_nanos);
}

// From `now` until `time` leaves the window.
int64_t Remaining(int64_t time, int64_t window_nanos, int64_t now) {
  if (time > now) return window_nanos;
  return std::max<int64_t>(0, window_nanos - (now - time));
}

}  // namespace

// What a walk over the places found within the window.
struct LimiterCell::Tally {
  uint32_t count = 0;
  int64_t oldest = std::numeric_limits<int64_t>::max();
  int64_t newest = 0;

  void Count(int64_t time) {
    ++count;
    oldest = std::min(oldest, time);
    newest = std::max(newest, time);
  }
};

uint32_t LimiterCell::used_places() const {
  return std::min(header_.used_places.load(std::memory_order_relaxed),
                  static_cast<uint32_t>(places_.size()));
}

// Before the first admission beyond: who looks later looks far enough.
void LimiterCell::UsePlaces(uint32_t count) {
  uint32_t used = header_.used_places.load(std::memory_order_relaxed);
  while (used < count &&
         !header_.used_places.compare_exchange_weak(used, count)) {
  }
}

// After the limit was lowered: admissions in places beyond it count until they
// leave the window, and take room from the places within. Counts them.
bool LimiterCell::HasRoomBesidesEarlier(uint32_t limit, int64_t window_nanos,
                                        int64_t now, Tally& tally) {
  uint32_t used = used_places();
  for (uint32_t i = limit; i < used; ++i) {
    const int64_t time = places_[i].load(std::memory_order_acquire);
    if (!HasLeft(time, window_nanos, now)) tally.Count(time);
  }
  if (tally.count == 0) {
    if (used > limit) header_.used_places.compare_exchange_strong(used, limit);
    return true;
  }
  uint32_t vacant = 0;
  for (uint32_t i = 0; i < limit; ++i) {
    const int64_t time = places_[i].load(std::memory_order_acquire);
    if (HasLeft(time, window_nanos, now)) ++vacant;
  }
  return vacant > tally.count;
}

LimitDecision LimiterCell::Admit(uint32_t limit, int64_t window_nanos,
                                 int64_t now) {
  limit = std::min(limit, static_cast<uint32_t>(places_.size()));
  if (limit == 0) return {.admitted = true};
  UsePlaces(limit);
  Tally tally;
  const bool may_admit = HasRoomBesidesEarlier(limit, window_nanos, now, tally);
  LimitDecision decision{.limit = limit};
  const uint32_t start = header_.cursor.load(std::memory_order_relaxed) % limit;
  for (uint32_t i = 0; i < limit; ++i) {
    const uint32_t at = start + i < limit ? start + i : start + i - limit;
    int64_t time = places_[at].load(std::memory_order_acquire);
    // The admission. When it fails, another worker took the place just now and
    // `time` becomes its time.
    if (may_admit && !decision.admitted && HasLeft(time, window_nanos, now) &&
        places_[at].compare_exchange_strong(time, now)) {
      decision.admitted = true;
      header_.cursor.store(at + 1, std::memory_order_relaxed);
      time = now;
    }
    if (!HasLeft(time, window_nanos, now)) tally.Count(time);
  }
  decision.reset_nanos = Remaining(tally.newest, window_nanos, now);
  if (decision.admitted) {
    decision.remaining = limit - std::min(limit, tally.count);
  } else {
    decision.retry_after_nanos = Remaining(tally.oldest, window_nanos, now);
  }
  return decision;
}

void LimiterCell::Undo(int64_t now) {
  const uint32_t used = used_places();
  if (used == 0) return;
  // Backwards from the newest: it is among the first, as a rule.
  const uint32_t start = header_.cursor.load(std::memory_order_relaxed) % used;
  for (uint32_t i = 1; i <= used; ++i) {
    const uint32_t at = start >= i ? start - i : start + used - i;
    int64_t time = places_[at].load(std::memory_order_relaxed);
    if (time == now && places_[at].compare_exchange_strong(time, 0)) {
      header_.cursor.store(at, std::memory_order_relaxed);
      return;
    }
  }
}

bool LimiterCell::IsIdle(int64_t window_nanos, int64_t now) const {
  for (uint32_t i = 0; i < used_places(); ++i) {
    const int64_t time = places_[i].load();
    if (!HasLeft(time, window_nanos, now)) return false;
  }
  return true;
}

}  // namespace holt
