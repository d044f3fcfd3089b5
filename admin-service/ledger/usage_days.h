// Calendar days of a time zone as ranges of time. Runs in the admin-service.
#ifndef HOLT_ADMIN_SERVICE_LEDGER_USAGE_DAYS_H_
#define HOLT_ADMIN_SERVICE_LEDGER_USAGE_DAYS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace holt::admin {

inline constexpr size_t kMaxQueryDays = 3'660;

struct UsageDay {
  std::string name;  // "2026-11-21"
  absl::Time start;
  absl::Time end;
};

// The days that [start, end) touches, cut to it. InvalidArgument beyond
// kMaxQueryDays.
absl::StatusOr<std::vector<UsageDay>> SplitIntoDays(absl::Time start,
                                                    absl::Time end,
                                                    absl::TimeZone zone);

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_LEDGER_USAGE_DAYS_H_
