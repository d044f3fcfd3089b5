#include "common/child/heartbeat.h"

namespace holt {

Heartbeat::Heartbeat(Loop& loop, const OwnCounters& counters)
    : counters_(counters), timer_(loop, [this] { Beat(); }) {
  Beat();
}

void Heartbeat::Beat() {
  counters_.Beat();
  timer_.Start(kInterval);
}

}  // namespace holt
