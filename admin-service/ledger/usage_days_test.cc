#include "admin-service/ledger/usage_days.h"

#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace holt::admin {
namespace {

using ::testing::SizeIs;

absl::TimeZone Berlin() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Berlin", &zone));
  return zone;
}

TEST(UsageDaysTest, DayOfTheClockChangeHasTwentyFiveHours) {
  const absl::TimeZone zone = Berlin();
  const auto days =
      SplitIntoDays(absl::FromCivil(absl::CivilDay(2026, 10, 25), zone),
                    absl::FromCivil(absl::CivilDay(2026, 10, 27), zone), zone);
  ASSERT_THAT(days, IsOk());
  ASSERT_THAT(*days, SizeIs(2));
  EXPECT_EQ((*days)[0].name, "2026-10-25");
  EXPECT_EQ((*days)[0].end - (*days)[0].start, absl::Hours(25));
  EXPECT_EQ((*days)[1].start, (*days)[0].end);
}

TEST(UsageDaysTest, FirstAndLastDayAreCutToTheRange) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::Time start =
      absl::FromCivil(absl::CivilSecond(2026, 11, 20, 22), utc);
  const auto days = SplitIntoDays(start, start + absl::Hours(4), utc);
  ASSERT_THAT(days, IsOk());
  ASSERT_THAT(*days, SizeIs(2));
  EXPECT_EQ((*days)[0].start, start);
  EXPECT_EQ((*days)[1].end, start + absl::Hours(4));
}

TEST(UsageDaysTest, EmptyRangeHasNoDays) {
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  EXPECT_THAT(*SplitIntoDays(now, now, absl::UTCTimeZone()), SizeIs(0));
  EXPECT_THAT(*SplitIntoDays(absl::InfiniteFuture(), now, absl::UTCTimeZone()),
              SizeIs(0));
}

TEST(UsageDaysTest, EndlessRangeIsRefused) {
  EXPECT_THAT(
      SplitIntoDays(absl::UnixEpoch(), absl::FromUnixSeconds(1'800'000'000),
                    absl::UTCTimeZone()),
      StatusCodeIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace holt::admin
