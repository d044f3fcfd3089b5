// Shows the supervisor that a child's loop turns: a timer on that loop that
// counts up in the child's page of counters. A loop that hangs stops it, and
// the supervisor kills the child after two seconds without change.
#ifndef HOLT_COMMON_CHILD_HEARTBEAT_H_
#define HOLT_COMMON_CHILD_HEARTBEAT_H_

#include "absl/time/time.h"
#include "common/child/own_counters.h"
#include "common/event/loop.h"

namespace holt {

class Heartbeat {
 public:
  static constexpr absl::Duration kInterval = absl::Milliseconds(200);

  // Beats at once and then every kInterval, until destroyed. Both outlive it.
  Heartbeat(Loop& loop, const OwnCounters& counters);

 private:
  void Beat();
  const OwnCounters& counters_;
  Timer timer_;
};

}  // namespace holt

#endif  // HOLT_COMMON_CHILD_HEARTBEAT_H_
