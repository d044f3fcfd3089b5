// Shows the supervisor that the process runs, from a thread of its own: a
// commit may wait for the disk longer than the supervisor waits for a beat.
// Runs in the admin-service.
#ifndef HOLT_ADMIN_SERVICE_HEARTBEAT_H_
#define HOLT_ADMIN_SERVICE_HEARTBEAT_H_

#include <thread>

#include "absl/synchronization/notification.h"
#include "common/child/own_counters.h"

namespace holt::admin {

class HeartbeatThread {
 public:
  // Beats at once and then regularly, until destroyed. `counters` outlives it.
  explicit HeartbeatThread(const OwnCounters& counters);
  ~HeartbeatThread();

 private:
  absl::Notification stop_;
  std::thread thread_;
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_HEARTBEAT_H_
