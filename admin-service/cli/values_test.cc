#include "admin-service/cli/values.h"

#include <limits>

#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace holt::admin::cli {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

TEST(ValuesTest, MoneyHasSixExactDecimals) {
  EXPECT_EQ(FormatMoney(270, "EUR"), "€0.000270");
  EXPECT_EQ(FormatMoney(5'000'000, "USD"), "$5.000000");
  EXPECT_EQ(FormatMoney(-1, "EUR"), "-€0.000001");
  EXPECT_EQ(FormatMoney(1, "CHF"), "CHF 0.000001");
  EXPECT_EQ(FormatMoney(std::numeric_limits<int64_t>::max(), "EUR"),
            "€9223372036854.775807");
}

TEST(ValuesTest, CountsAreGroupedByThousands) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1'000), "1,000");
  EXPECT_EQ(FormatCount(1'234'567), "1,234,567");
  EXPECT_EQ(FormatCount(-123'456), "-123,456");
}

TEST(ValuesTest, TimesAreRelative) {
  EXPECT_EQ(FormatRelative(kNow, kNow), "now");
  EXPECT_EQ(FormatRelative(kNow - absl::Seconds(59), kNow), "59s ago");
  EXPECT_EQ(FormatRelative(kNow - absl::Hours(25), kNow), "1d ago");
  EXPECT_EQ(FormatRelative(kNow + absl::Hours(24 * 30), kNow), "in 30d");
  EXPECT_EQ(FormatRelative(kNow + absl::Milliseconds(1), kNow), "in 0s");
}

TEST(ValuesTest, SpansHaveANumberAndAUnit) {
  EXPECT_EQ(*ParseSpan("30d"), absl::Hours(720));
  EXPECT_EQ(*ParseSpan("2w"), absl::Hours(336));
  EXPECT_EQ(*ParseSpan("45s"), absl::Seconds(45));
  for (const char* text :
       {"", "d", "30", "-1d", "0d", "1.5d", "30days", "99999999999999d"}) {
    EXPECT_FALSE(ParseSpan(text).ok()) << text;
  }
}

TEST(ValuesTest, ExpiryIsASpanOrADate) {
  EXPECT_EQ(*ParseExpiry("30d", kNow), kNow + absl::Hours(720));
  EXPECT_EQ(*ParseExpiry("2027-01-31", kNow),
            absl::FromUnixSeconds(1'801'353'600));
  EXPECT_FALSE(ParseExpiry("soon", kNow).ok());
}

TEST(ValuesTest, MomentsAreUnderstoodAsPeopleWriteThem) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::Time midnight = absl::FromUnixSeconds(1'799'971'200);
  EXPECT_EQ(*ParseMoment("today", kNow, utc), midnight);
  EXPECT_EQ(*ParseMoment("yesterday", kNow, utc), midnight - absl::Hours(24));
  EXPECT_EQ(*ParseMoment("2027-01-15", kNow, utc), midnight);
  EXPECT_EQ(*ParseMoment("2027-01-15T00:00:00Z", kNow, utc), midnight);
  EXPECT_EQ(*ParseMoment("7d", kNow, utc), kNow - absl::Hours(168));
  EXPECT_FALSE(ParseMoment("2027-13-01", kNow, utc).ok());
}

}  // namespace
}  // namespace holt::admin::cli
