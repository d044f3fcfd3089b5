#include "admin-service/ledger/usage_days.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"

namespace holt::admin {

absl::StatusOr<std::vector<UsageDay>> SplitIntoDays(absl::Time start,
                                                    absl::Time end,
                                                    absl::TimeZone zone) {
  std::vector<UsageDay> days;
  if (start >= end) return days;
  for (absl::CivilDay day = absl::ToCivilDay(start, zone);; ++day) {
    const absl::Time midnight = absl::FromCivil(day, zone);
    if (midnight >= end) return days;
    if (days.size() == kMaxQueryDays) {
      return absl::InvalidArgumentError(absl::StrCat(
          "more than ", kMaxQueryDays, " days: give a shorter range of time"));
    }
    days.push_back({.name = absl::FormatCivilTime(day),
                    .start = std::max(start, midnight),
                    .end = std::min(end, absl::FromCivil(day + 1, zone))});
  }
}

}  // namespace holt::admin
