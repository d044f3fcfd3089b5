#include "admin-service/ledger/usage_checks.h"

#include <functional>

#include "admin-service/ledger/pricing.h"
#include "gtest/gtest.h"

namespace holt::admin {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

UsageRecord Plausible() {
  return {.key_number = 1,
          .model = "openai/gpt-oss-120b",
          .endpoint = 1,
          .counts = {.prompt_tokens = 10, .total_tokens = 10},
          .http_status = 200,
          .outcome = 1,
          .start_time = kNow - absl::Seconds(1),
          .end_time = kNow};
}

TEST(UsageChecksTest, OrdinaryRecordIsPlausible) {
  EXPECT_TRUE(IsPlausible(Plausible(), kNow));
}

TEST(UsageChecksTest, RecordThatWaitedForMonthsIsPlausible) {
  EXPECT_TRUE(IsPlausible(Plausible(), kNow + absl::Hours(24 * 200)));
}

struct BadCase {
  const char* name;
  std::function<void(UsageRecord&)> spoil;
};

class ImplausibleTest : public testing::TestWithParam<BadCase> {};

TEST_P(ImplausibleTest, IsRefused) {
  UsageRecord record = Plausible();
  GetParam().spoil(record);
  EXPECT_FALSE(IsPlausible(record, kNow));
}

INSTANTIATE_TEST_SUITE_P(
    Records, ImplausibleTest,
    testing::Values(
        BadCase{"TooManyTokens",
                [](auto& r) { r.counts.prompt_tokens = kMaxTokens + 1; }},
        BadCase{"NegativeTokens",
                [](auto& r) { r.counts.completion_tokens = -1; }},
        BadCase{"TooMuchAudio",
                [](auto& r) { r.counts.audio_bytes = kMaxAudioBytes + 1; }},
        BadCase{"EndsInTheFuture",
                [](auto& r) { r.end_time = kNow + absl::Hours(2); }},
        BadCase{"EndsBeforeItStarts",
                [](auto& r) { r.start_time = kNow + absl::Seconds(1); }},
        BadCase{"StartsBeforeHolt",
                [](auto& r) { r.start_time = absl::UnixEpoch(); }},
        BadCase{"NoModel", [](auto& r) { r.model = ""; }},
        BadCase{"ModelWithContent", [](auto& r) { r.model = "the witness"; }},
        BadCase{"LongModel", [](auto& r) { r.model = std::string(65, 'm'); }},
        BadCase{"UnknownEndpoint", [](auto& r) { r.endpoint = 10; }},
        BadCase{"UnknownOutcome", [](auto& r) { r.outcome = 0; }},
        BadCase{"NoHttpStatus", [](auto& r) { r.http_status = 1000; }}),
    [](const auto& param_info) { return param_info.param.name; });

TEST(UsageChecksTest, PartsAreCutToTheirWhole) {
  UsageRecord record = Plausible();
  record.counts = {.prompt_tokens = 10,
                   .cached_tokens = 20,
                   .completion_tokens = 5,
                   .reasoning_tokens = 6};
  Normalise(record);
  EXPECT_EQ(record.counts.cached_tokens, 10);
  EXPECT_EQ(record.counts.reasoning_tokens, 5);
  EXPECT_EQ(record.counts.total_tokens, 15);
}

}  // namespace
}  // namespace holt::admin
