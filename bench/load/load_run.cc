#include "bench/load/load_run.h"

#include <limits>

#include "common/base/clock.h"

namespace holt::bench {
namespace {

// The requests of connection `index`: equal shares, the rest to the first.
uint64_t ShareOf(const RunLimits& limits, uint32_t index) {
  if (limits.requests == 0) return std::numeric_limits<uint64_t>::max();
  const uint64_t rest = limits.requests % limits.connections;
  return limits.requests / limits.connections + (index < rest ? 1 : 0);
}

}  // namespace

LoadRun::LoadRun(Loop& loop, const Workload& workload, const RunLimits& limits)
    : loop_(loop),
      limits_(limits),
      gate_(loop, limits.dials_at_once, limits.dials_per_second),
      deadline_(loop, [this] { OnDeadline(); }),
      patience_(loop, [this] { OnPatience(); }),
      active_(limits.connections) {
  const RunState state{gate_, totals_};
  for (uint32_t i = 0; i < limits.connections; ++i) {
    connections_.push_back(std::make_unique<LoadConnection>(
        loop, workload, state, ShareOf(limits, i), [this] { OnRest(); }));
  }
}

const Totals& LoadRun::Run() {
  const int64_t start = Clock::Real().BootNanos();
  if (limits_.duration != absl::InfiniteDuration()) {
    deadline_.Start(limits_.duration);
  }
  patience_.Start(limits_.patience);
  for (const auto& connection : connections_) connection->Start();
  loop_.Run();
  totals_.seconds = absl::ToDoubleSeconds(
      absl::Nanoseconds(Clock::Real().BootNanos() - start));
  return totals_;
}

void LoadRun::OnRest() {
  if (--active_ > 0) return;
  deadline_.Cancel();
  patience_.Cancel();
  loop_.Stop();
}

void LoadRun::OnDeadline() {
  for (const auto& connection : connections_) connection->StopSoon();
}

void LoadRun::OnPatience() {
  if (totals_.bytes_in != bytes_seen_) {
    bytes_seen_ = totals_.bytes_in;
    return patience_.Start(limits_.patience);
  }
  for (const auto& connection : connections_) connection->GiveUp();
}

}  // namespace holt::bench
