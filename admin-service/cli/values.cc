#include "admin-service/cli/values.h"

#include <array>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"

namespace holt::admin::cli {
namespace {

struct Unit {
  char letter;
  absl::Duration length;
};
constexpr std::array<Unit, 5> kUnits = {{{'w', absl::Hours(168)},
                                         {'d', absl::Hours(24)},
                                         {'h', absl::Hours(1)},
                                         {'m', absl::Minutes(1)},
                                         {'s', absl::Seconds(1)}}};

std::string SymbolOf(absl::string_view currency) {
  if (currency == "EUR") return "€";
  if (currency == "USD") return "$";
  if (currency == "GBP") return "£";
  return absl::StrCat(currency, " ");
}

// The largest unit up to days that fits.
std::string FormatSpan(absl::Duration span) {
  for (const Unit& unit : kUnits) {
    if (unit.letter == 'w' || span < unit.length) continue;
    return absl::StrCat(span / unit.length, std::string(1, unit.letter));
  }
  return "0s";
}

}  // namespace

std::string FormatMoney(int64_t micros, absl::string_view currency) {
  constexpr int64_t kMicros = 1'000'000;
  const absl::string_view sign = micros < 0 ? "-" : "";
  const int64_t whole = micros / kMicros;
  const int64_t part = micros % kMicros;
  return absl::StrFormat("%s%s%d.%06d", sign, SymbolOf(currency),
                         whole < 0 ? -whole : whole, part < 0 ? -part : part);
}

std::string FormatCount(int64_t count) {
  std::string digits = absl::StrCat(count);
  const size_t first = count < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string FormatRelative(absl::Time time, absl::Time now) {
  if (time == now) return "now";
  if (time < now) return absl::StrCat(FormatSpan(now - time), " ago");
  return absl::StrCat("in ", FormatSpan(time - now));
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  const int64_t seconds = absl::ToUnixSeconds(time);
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

absl::Time FromTimestamp(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) +
         absl::Nanoseconds(timestamp.nanos());
}

absl::StatusOr<absl::Duration> ParseSpan(absl::string_view text) {
  constexpr int64_t kLongest = 1'000'000'000;
  int64_t number = 0;
  for (const Unit& unit : kUnits) {
    if (text.empty() || text.back() != unit.letter) continue;
    if (absl::SimpleAtoi(text.substr(0, text.size() - 1), &number) &&
        number > 0 && number <= kLongest) {
      return number * unit.length;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is no span of time: give 30s, 12h, 30d or 2w"));
}

absl::StatusOr<absl::Time> ParseExpiry(absl::string_view text, absl::Time now) {
  if (const absl::StatusOr<absl::Duration> span = ParseSpan(text); span.ok()) {
    return now + *span;
  }
  absl::StatusOr<absl::Time> moment =
      ParseMoment(text, now, absl::UTCTimeZone());
  if (moment.ok()) return moment;
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text,
                   "\" is no expiry: give a span such as 30d, or a date such "
                   "as 2027-01-31"));
}

absl::StatusOr<absl::Time> ParseMoment(absl::string_view text, absl::Time now,
                                       absl::TimeZone zone) {
  const absl::CivilDay today = absl::ToCivilDay(now, zone);
  if (text == "today") return absl::FromCivil(today, zone);
  if (text == "yesterday") return absl::FromCivil(today - 1, zone);
  if (const absl::StatusOr<absl::Duration> span = ParseSpan(text); span.ok()) {
    return now - *span;
  }
  absl::CivilDay day;
  if (absl::ParseCivilTime(text, &day)) return absl::FromCivil(day, zone);
  absl::Time time;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) return time;
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", text,
      "\" is no time: give a date (2026-11-21), a span before now (7d), today, "
      "yesterday, or a full time (2026-11-21T08:00:00Z)"));
}

}  // namespace holt::admin::cli
