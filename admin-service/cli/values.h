// Values as people read and write them: money, times, durations. Runs in
// holtctl. Money is formatted by integer arithmetic alone.
#ifndef HOLT_ADMIN_SERVICE_CLI_VALUES_H_
#define HOLT_ADMIN_SERVICE_CLI_VALUES_H_

#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace holt::admin::cli {

// 270 and "EUR": "€0.000270".
std::string FormatMoney(int64_t micros, absl::string_view currency);
// 1234567: "1,234,567".
std::string FormatCount(int64_t count);
// "3d ago", "in 29d", "now".
std::string FormatRelative(absl::Time time, absl::Time now);

google::protobuf::Timestamp ToTimestamp(absl::Time time);
absl::Time FromTimestamp(const google::protobuf::Timestamp& timestamp);

// "45s", "30m", "12h", "30d", "2w": a whole number and a unit.
absl::StatusOr<absl::Duration> ParseSpan(absl::string_view text);
// A span from now on, or a moment as ParseMoment has it.
absl::StatusOr<absl::Time> ParseExpiry(absl::string_view text, absl::Time now);
// A span before now, "today", "yesterday", "2026-11-21" (midnight, in `zone`)
// or RFC 3339.
absl::StatusOr<absl::Time> ParseMoment(absl::string_view text, absl::Time now,
                                       absl::TimeZone zone);

}  // namespace holt::admin::cli

#endif  // HOLT_ADMIN_SERVICE_CLI_VALUES_H_
