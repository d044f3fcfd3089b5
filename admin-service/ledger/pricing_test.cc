#include "admin-service/ledger/pricing.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace holt::admin {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const PriceRecord kFiveEuro = {.model = "*",
                               .prompt_micros_per_million = 5'000'000,
                               .completion_micros_per_million = 5'000'000,
                               .cached_micros_per_million = 5'000'000};

struct CostCase {
  const char* name;
  UsageCounts counts;
  PriceRecord price;
  int64_t micros;
};

class CostTest : public testing::TestWithParam<CostCase> {};

TEST_P(CostTest, IsExact) {
  EXPECT_EQ(ToMicros(CostOf(GetParam().counts, GetParam().price)),
            GetParam().micros);
}

INSTANTIATE_TEST_SUITE_P(
    WorkedExamples, CostTest,
    testing::Values(CostCase{"Million",
                             {.prompt_tokens = 400'000,
                              .completion_tokens = 600'000,
                              .total_tokens = 1'000'000},
                             kFiveEuro,
                             5'000'000},
                    CostCase{"FiftyFour", {.total_tokens = 54}, kFiveEuro, 270},
                    CostCase{"Hundred", {.total_tokens = 100}, kFiveEuro, 500},
                    CostCase{"Nothing", {}, kFiveEuro, 0},
                    CostCase{"TotalOnlyIsPrompt",
                             {.total_tokens = 1'000'000},
                             {.prompt_micros_per_million = 130'000},
                             130'000},
                    CostCase{"CachedByItsOwnPrice",
                             {.prompt_tokens = 1'000'000,
                              .cached_tokens = 400'000,
                              .total_tokens = 1'000'000},
                             {.prompt_micros_per_million = 1'000'000,
                              .cached_micros_per_million = 100'000},
                             640'000},
                    CostCase{"CachedNeverExceedsThePrompt",
                             {.prompt_tokens = 10, .cached_tokens = 20},
                             {.prompt_micros_per_million = 1'000'000,
                              .cached_micros_per_million = 1'000'000},
                             10},
                    CostCase{"MebibyteOfAudio",
                             {.audio_bytes = 1'048'576},
                             {.audio_micros_per_mebibyte = 96'000},
                             96'000},
                    CostCase{"HalfAMebibyte",
                             {.audio_bytes = 524'288},
                             {.audio_micros_per_mebibyte = 96'000},
                             48'000},
                    CostCase{"AudioMakesTokensFree",
                             {.total_tokens = 1'000'000, .audio_bytes = 0},
                             {.prompt_micros_per_million = 5'000'000,
                              .audio_micros_per_mebibyte = 96'000},
                             0}),
    [](const auto& param_info) { return param_info.param.name; });

TEST(PricingTest, LargestPermittedRequestDoesNotOverflow) {
  const PriceRecord dearest = {.prompt_micros_per_million = kMaxPriceMicros,
                               .completion_micros_per_million = kMaxPriceMicros,
                               .cached_micros_per_million = kMaxPriceMicros};
  EXPECT_EQ(CostOf({.prompt_tokens = kMaxTokens,
                    .completion_tokens = kMaxTokens,
                    .total_tokens = 2 * kMaxTokens},
                   dearest),
            2 * kMaxTokens * kMaxPriceMicros);
  EXPECT_EQ(CostOf({.audio_bytes = kMaxAudioBytes},
                   {.audio_micros_per_mebibyte = kMaxPriceMicros}),
            4'096 * kMaxPriceMicros * 1'000'000);
}

TEST(PricingTest, SumIsRoundedOnceHalfUp) {
  EXPECT_EQ(ToMicros(499'999), 0);
  EXPECT_EQ(ToMicros(500'000), 1);
  EXPECT_EQ(ToMicros(absl::int128(500'000) * 3), 2);
}

TEST(PriceTableTest, UnknownModelCostsWhatAnyCosts) {
  const PriceTable table({kFiveEuro});
  EXPECT_EQ(table.PriceAt("new-model", kNow).prompt_micros_per_million,
            5'000'000);
  EXPECT_EQ(PriceTable({}).PriceAt("new-model", kNow).prompt_micros_per_million,
            0);
}

TEST(PriceTableTest, PriceHoldsFromItsMomentOn) {
  const PriceTable table(
      {{.model = "a", .prompt_micros_per_million = 1},
       {.model = "a", .effective_time = kNow, .prompt_micros_per_million = 2}});
  EXPECT_EQ(table.PriceAt("a", kNow - absl::Microseconds(1))
                .prompt_micros_per_million,
            1);
  EXPECT_EQ(table.PriceAt("a", kNow).prompt_micros_per_million, 2);
}

TEST(PriceTableTest, UnchangedPricesAddNothing) {
  const PriceTable table({kFiveEuro});
  EXPECT_THAT(table.Difference({kFiveEuro}, kNow), IsEmpty());
}

TEST(PriceTableTest, FirstPricesHoldForAllTimeLaterOnesFromNow) {
  const std::vector<PriceRecord> first =
      PriceTable({}).Difference({kFiveEuro}, kNow);
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].effective_time, absl::InfinitePast());
  PriceRecord dearer = kFiveEuro;
  dearer.prompt_micros_per_million = 6'000'000;
  const std::vector<PriceRecord> second =
      PriceTable(first).Difference({dearer}, kNow);
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].effective_time, kNow);
}

TEST(PriceTableTest, PriceThatIsNoLongerConfiguredRetires) {
  std::vector<PriceRecord> prices = {
      kFiveEuro, {.model = "a", .prompt_micros_per_million = 1}};
  const std::vector<PriceRecord> added =
      PriceTable(prices).Difference({kFiveEuro}, kNow);
  ASSERT_THAT(added, SizeIs(1));
  prices.push_back(added[0]);
  const PriceTable table(prices);
  EXPECT_EQ(table.PriceAt("a", kNow).prompt_micros_per_million, 5'000'000);
  EXPECT_EQ(table.PriceAt("a", kNow - absl::Hours(1)).prompt_micros_per_million,
            1);
}

}  // namespace
}  // namespace holt::admin
