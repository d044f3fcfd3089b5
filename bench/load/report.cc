#include "bench/load/report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

namespace holt::bench {
namespace {

absl::string_view NameOf(Failure failure) {
  switch (failure) {
    case Failure::kConnect:
      return "connect";
    case Failure::kClosed:
      return "closed";
    case Failure::kNoHttp:
      return "no_http";
    case Failure::kStatus:
      return "status";
    case Failure::kNoDone:
      return "no_done";
    case Failure::kStalled:
      return "stalled";
  }
  return "";
}

int64_t Micros(absl::Duration duration) {
  return absl::ToInt64Microseconds(duration);
}

std::string LatencyRow(absl::string_view name, const LatencyHistogram& times) {
  return absl::StrFormat("%-12s %10d %10d %10d %10d\n", name,
                         Micros(times.Quantile(0.5)),
                         Micros(times.Quantile(0.9)),
                         Micros(times.Quantile(0.99)), Micros(times.longest()));
}

std::string LatencyJson(const LatencyHistogram& times) {
  return absl::StrFormat(R"({"p50":%d,"p90":%d,"p99":%d,"max":%d})",
                         Micros(times.Quantile(0.5)),
                         Micros(times.Quantile(0.9)),
                         Micros(times.Quantile(0.99)), Micros(times.longest()));
}

std::string FailuresJson(const Totals& totals) {
  return absl::StrJoin(totals.failures, ",",
                       [](std::string* out, const auto& failure) {
                         absl::StrAppend(out, "\"", NameOf(failure.first),
                                         "\":", failure.second);
                       });
}

std::string StatusesJson(const Totals& totals) {
  return absl::StrJoin(
      totals.statuses, ",", [](std::string* out, const auto& status) {
        absl::StrAppend(out, "\"", status.first, "\":", status.second);
      });
}

}  // namespace

uint64_t FailureCount(const Totals& totals) {
  uint64_t count = 0;
  for (const auto& [failure, times] : totals.failures) count += times;
  return count;
}

std::string TableOf(const Totals& totals) {
  std::string table = absl::StrFormat(
      "requests     %10d succeeded, %d failed in %.2f s: %.0f a second\n",
      totals.succeeded, FailureCount(totals), totals.seconds,
      static_cast<double>(totals.succeeded) / totals.seconds);
  for (const auto& [failure, times] : totals.failures) {
    absl::StrAppendFormat(&table, "failed       %10d %s\n", times,
                          NameOf(failure));
  }
  for (const auto& [status, times] : totals.statuses) {
    absl::StrAppendFormat(&table, "status %-5d %10d\n", status, times);
  }
  absl::StrAppendFormat(&table,
                        "answers      %10d bytes in %d chunks and %d events\n",
                        totals.body_bytes, totals.chunks, totals.events);
  absl::StrAppendFormat(
      &table, "connections  %10d, %d full handshakes, %d resumed; %s\n",
      totals.connections, totals.full_handshakes, totals.resumed_handshakes,
      totals.tls.empty() ? "plain" : totals.tls);
  absl::StrAppendFormat(&table, "%-12s %10s %10s %10s %10s\n", "microseconds",
                        "p50", "p90", "p99", "longest");
  absl::StrAppend(&table, LatencyRow("connect", totals.connect),
                  LatencyRow("first byte", totals.first_byte),
                  LatencyRow("whole", totals.whole));
  return table;
}

std::string JsonOf(const Totals& totals) {
  return absl::StrCat(
      "{\"succeeded\":", totals.succeeded, ",\"failed\":", FailureCount(totals),
      ",\"failures\":{", FailuresJson(totals), "},\"statuses\":{",
      StatusesJson(totals), "},\"chunks\":", totals.chunks,
      ",\"events\":", totals.events, ",\"body_bytes\":", totals.body_bytes,
      ",\"bytes_in\":", totals.bytes_in,
      ",\"connections\":", totals.connections,
      ",\"full_handshakes\":", totals.full_handshakes,
      ",\"resumed_handshakes\":", totals.resumed_handshakes, ",\"tls\":\"",
      totals.tls, "\",\"seconds\":", totals.seconds,
      ",\"connect_us\":", LatencyJson(totals.connect),
      ",\"first_byte_us\":", LatencyJson(totals.first_byte),
      ",\"whole_us\":", LatencyJson(totals.whole), "}\n");
}

}  // namespace holt::bench
