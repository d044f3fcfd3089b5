// A bound on how often something may happen: at most N in any second that
// starts when the first of them happens. Supervisor only.
#ifndef HOLT_SUPERVISOR_BROKER_RATE_BOUND_H_
#define HOLT_SUPERVISOR_BROKER_RATE_BOUND_H_

#include <cstdint>

namespace holt::supervisor {

class RateBound {
 public:
  // Counts one at `now_nanos` (never going back); false when it is more than
  // `per_second`. What is refused is not counted.
  bool Admit(int64_t now_nanos, uint32_t per_second) {
    if (now_nanos - window_start_nanos_ >= kSecond) {
      window_start_nanos_ = now_nanos;
      count_ = 0;
    }
    if (count_ >= per_second) return false;
    ++count_;
    return true;
  }

 private:
  static constexpr int64_t kSecond = 1'000'000'000;
  int64_t window_start_nanos_ = -kSecond;
  uint32_t count_ = 0;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_BROKER_RATE_BOUND_H_
