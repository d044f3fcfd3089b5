#include "common/child/own_counters.h"

#include "common/base/status_macros.h"
#include "common/ipc/descriptors.h"

namespace holt {

absl::StatusOr<OwnCounters> OwnCounters::Map() {
  ASSIGN_OR_RETURN(Mapping mapping, Mapping::Map(kCountersFd, kCountersSize,
                                                 Mapping::Access::kReadWrite));
  return OwnCounters(std::move(mapping));
}

}  // namespace holt
