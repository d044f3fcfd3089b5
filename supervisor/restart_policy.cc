#include "supervisor/restart_policy.h"

#include <algorithm>

namespace holt::supervisor {
namespace {

constexpr absl::Duration kFirstDelay = absl::Milliseconds(100);
constexpr absl::Duration kLongestDelay = absl::Seconds(10);
constexpr absl::Duration kHealthy = absl::Seconds(60);
constexpr absl::Duration kQuick = absl::Seconds(10);
constexpr uint32_t kQuickExits = 5;
constexpr absl::Duration kDown = absl::Seconds(30);

}  // namespace

absl::Duration RestartPolicy::AfterExit(absl::Duration uptime) {
  if (uptime >= kHealthy) exits_ = 0;
  quick_exits_ = uptime < kQuick ? quick_exits_ + 1 : 0;
  ++exits_;
  gave_up_ = quick_exits_ >= kQuickExits;
  if (gave_up_) return kDown;
  if (exits_ == 1) return absl::ZeroDuration();
  // 2^10 tenths of a second are beyond the longest delay already.
  const uint32_t doublings = std::min(exits_ - 2, 10U);
  return std::min(kFirstDelay * (1 << doublings), kLongestDelay);
}

}  // namespace holt::supervisor
