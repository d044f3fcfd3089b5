#include "bench/load/dial_gate.h"

#include <algorithm>
#include <utility>

#include "absl/time/time.h"

namespace holt::bench {
namespace {

constexpr int64_t kSecondNanos = 1'000'000'000;
// What a late timer may catch up with.
constexpr int64_t kMaxLag = kSecondNanos / 100;

}  // namespace

DialGate::DialGate(Loop& loop, uint32_t at_once, uint32_t per_second)
    : loop_(loop),
      at_once_(at_once),
      interval_nanos_(per_second == 0 ? 0 : kSecondNanos / per_second),
      timer_(loop, [this] { Pump(); }) {}

void DialGate::Enter(std::function<void()> dial) {
  waiting_.push_back(std::move(dial));
  Pump();
}

void DialGate::Leave() {
  --inside_;
  Pump();
}

void DialGate::Pump() {
  const int64_t now = loop_.now_nanos();
  while (!waiting_.empty() && inside_ < at_once_ && next_at_nanos_ <= now) {
    next_at_nanos_ = std::max(next_at_nanos_, now - kMaxLag) + interval_nanos_;
    ++inside_;
    const std::function<void()> dial = std::move(waiting_.front());
    waiting_.pop_front();
    dial();
  }
  if (!waiting_.empty() && next_at_nanos_ > now && !timer_.pending()) {
    timer_.Start(absl::Nanoseconds(next_at_nanos_ - now));
  }
}

}  // namespace holt::bench
