// A whole run: all connections, their shares of the requests, the end. Runs in
// the load generator, on its loop.
#ifndef HOLT_BENCH_LOAD_LOAD_RUN_H_
#define HOLT_BENCH_LOAD_LOAD_RUN_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "bench/load/dial_gate.h"
#include "bench/load/load_connection.h"
#include "bench/load/totals.h"
#include "common/event/loop.h"

namespace holt::bench {

struct RunLimits {
  uint32_t connections = 1;
  uint64_t requests = 0;  // 0: no bound but the duration
  absl::Duration duration = absl::InfiniteDuration();
  uint32_t dials_at_once = 16;
  uint32_t dials_per_second = 0;  // 0: no bound
  // The run is given up when nothing arrived for so long.
  absl::Duration patience = absl::Seconds(60);
};

class LoadRun {
 public:
  // `loop` and `workload` outlive the run.
  LoadRun(Loop& loop, const Workload& workload, const RunLimits& limits);
  LoadRun(const LoadRun&) = delete;
  LoadRun& operator=(const LoadRun&) = delete;

  // Runs the loop until every connection has done its share, the duration is
  // over and what was under way is answered, or nothing moves any more.
  // Connections stay open until the run is destroyed.
  const Totals& Run();

 private:
  void OnRest();
  void OnDeadline();
  void OnPatience();

  Loop& loop_;
  const RunLimits limits_;
  Totals totals_;
  DialGate gate_;
  Timer deadline_;
  Timer patience_;
  uint64_t bytes_seen_ = 0;
  uint32_t active_;
  std::vector<std::unique_ptr<LoadConnection>> connections_;
};

}  // namespace holt::bench

#endif  // HOLT_BENCH_LOAD_LOAD_RUN_H_
