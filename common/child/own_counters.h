// A child's own page of counters (kCountersFd), mapped for as long as the
// object lives. The supervisor and the courier read what is written here.
#ifndef HOLT_COMMON_CHILD_OWN_COUNTERS_H_
#define HOLT_COMMON_CHILD_OWN_COUNTERS_H_

#include <utility>

#include "absl/status/statusor.h"
#include "common/ipc/counters.h"
#include "common/ipc/shared_memory.h"

namespace holt {

class OwnCounters {
 public:
  static absl::StatusOr<OwnCounters> Map();

  ChildCounters& operator*() const { return *get(); }
  ChildCounters* operator->() const { return get(); }
  [[nodiscard]] ChildCounters* get() const {
    return reinterpret_cast<ChildCounters*>(mapping_.data());
  }

  // One heartbeat; at least every 250 ms, from one thread. Children with a Loop
  // use Heartbeat (heartbeat.h).
  void Beat() const {
    get()->heartbeat.fetch_add(1, std::memory_order_relaxed);
  }

 private:
  explicit OwnCounters(Mapping mapping) : mapping_(std::move(mapping)) {}
  Mapping mapping_;
};

}  // namespace holt

#endif  // HOLT_COMMON_CHILD_OWN_COUNTERS_H_
