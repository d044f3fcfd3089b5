// Tells the admin-service what the processes of the node count about
// themselves. Courier only, on its loop's thread; counters are written by the
// children and hostile: numbers that are passed on, nothing more. Mappings
// belong to it; a child that is started anew keeps its page, so one
// introduction is enough.
#ifndef HOLT_WORKER_COURIER_NODE_REPORTER_H_
#define HOLT_WORKER_COURIER_NODE_REPORTER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/event/loop.h"
#include "common/ipc/descriptors.h"
#include "common/ipc/shared_memory.h"
#include "proto/holt/internal/v1/courier.pb.h"
#include "worker/courier/admin_client.h"

namespace holt::worker {

class NodeReporter {
 public:
  // Adds what others know to a report.
  using Fill = std::function<void(internal::v1::ReportNodeRequest&)>;

  // Reports every `interval`. The loop outlives it.
  NodeReporter(Loop& loop, absl::Duration interval, Fill fill);

  // The client to report by, or null: none now. Outlives its use here.
  void SetClient(AdminClient* client);
  // Something worth telling happened: reports in this turn, or as soon as the
  // report under way is answered.
  void ReportSoon();
  // Takes the counters of a child, in place of those before.
  // InvalidArgument: not a page of counters, or too many.
  absl::Status AddCounters(Role role, uint16_t slot, int fd);

 private:
  void Report();

  const absl::Duration interval_;
  const Fill fill_;
  AdminClient* client_ = nullptr;
  bool under_way_ = false;
  bool again_ = false;
  std::map<std::pair<Role, uint16_t>, Mapping> counters_;
  Timer timer_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_COURIER_NODE_REPORTER_H_
