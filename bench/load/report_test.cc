#include "bench/load/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/time.h"

namespace holt::bench {
namespace {

using ::testing::HasSubstr;

Totals SomeTotals() {
  Totals totals;
  totals.succeeded = 8;
  totals.failures = {{Failure::kClosed, 1}, {Failure::kStatus, 2}};
  totals.statuses = {{200, 8}, {429, 2}};
  totals.events = 80;
  totals.seconds = 2;
  totals.whole.Add(absl::Milliseconds(5));
  return totals;
}

TEST(ReportTest, JsonHasEveryFailureByName) {
  const std::string json = JsonOf(SomeTotals());
  EXPECT_THAT(json, HasSubstr(R"("succeeded":8,"failed":3)"));
  EXPECT_THAT(json, HasSubstr(R"("failures":{"closed":1,"status":2})"));
  EXPECT_THAT(json, HasSubstr(R"("statuses":{"200":8,"429":2})"));
  EXPECT_THAT(
      json,
      HasSubstr(R"("whole_us":{"p50":5000,"p90":5000,"p99":5000,"max":5000})"));
}

TEST(ReportTest, TheTableSaysWhatFailed) {
  const std::string table = TableOf(SomeTotals());
  EXPECT_THAT(table, HasSubstr("8 succeeded, 3 failed in 2.00 s: 4 a second"));
  EXPECT_THAT(table, HasSubstr("1 closed"));
  EXPECT_THAT(table, HasSubstr("plain"));
}

}  // namespace
}  // namespace holt::bench
