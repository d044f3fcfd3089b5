#include "admin-service/heartbeat.h"

#include "absl/time/time.h"

namespace holt::admin {
namespace {

// The supervisor wants one every 250 ms (common/ipc/counters.h).
constexpr absl::Duration kInterval = absl::Milliseconds(100);

}  // namespace

HeartbeatThread::HeartbeatThread(const OwnCounters& counters)
    : thread_([this, &counters] {
        do {
          counters.Beat();
        } while (!stop_.WaitForNotificationWithTimeout(kInterval));
      }) {}

HeartbeatThread::~HeartbeatThread() {
  stop_.Notify();
  thread_.join();
}

}  // namespace holt::admin
