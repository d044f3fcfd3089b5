// When a child that ended is started again: at once the first time, then after
// 100 ms doubling to 10 s; five quick ends in a row keep it down for 30 s.
// Supervisor, one per child slot.
#ifndef HOLT_SUPERVISOR_RESTART_POLICY_H_
#define HOLT_SUPERVISOR_RESTART_POLICY_H_

#include <cstdint>

#include "absl/time/time.h"

namespace holt::supervisor {

class RestartPolicy {
 public:
  // A child that ran for `uptime` has ended: how long to wait before it is
  // started again.
  absl::Duration AfterExit(absl::Duration uptime);

  // Five times in a row it ended within ten seconds of its start: the slot is
  // down, and what it serves is degraded. False again once it runs longer.
  [[nodiscard]] bool gave_up() const { return gave_up_; }

 private:
  uint32_t exits_ = 0;        // since it last was healthy
  uint32_t quick_exits_ = 0;  // in a row
  bool gave_up_ = false;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_RESTART_POLICY_H_
