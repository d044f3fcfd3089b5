#include "worker/http/refusal.h"

#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace holt::worker {
namespace {

constexpr auto kLastKind = static_cast<int>(RefusalKind::kKeyTableStale);

// response_writer puts them between quotes as they are.
bool IsPlainJsonText(absl::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c == 0x7f || c == '"' || c == '\\') return false;
  }
  return !text.empty();
}

TEST(RefusalTest, EveryKindIsWholeAndPlain) {
  for (int kind = 0; kind <= kLastKind; ++kind) {
    const Refusal refusal = MakeRefusal(static_cast<RefusalKind>(kind));
    EXPECT_GE(refusal.status, 400) << kind;
    EXPECT_TRUE(IsPlainJsonText(refusal.message.view())) << kind;
  }
}

TEST(RefusalTest, TextsOfTheEarlierProxyAreThere) {
  const struct {
    Refusal refusal;
    const char* text;
  } cases[] = {
      {MakeRefusal(RefusalKind::kMissingKey),
       "Missing API key. Use Authorization: Bearer <key> or X-API-Key header"},
      {MakeRefusal(RefusalKind::kInvalidKey), "Invalid or expired API key"},
      {MakeRefusal(RefusalKind::kExpiredKey), "Invalid or expired API key"},
      {MakeRefusal(RefusalKind::kHttpsRequired),
       "HTTPS required. Please use a secure connection."},
      {MakeRefusal(RefusalKind::kUpstreamTimeout), "Upstream timeout"},
      {MakeRefusal(RefusalKind::kUpstreamFailed), "Proxy error"},
      {MakeRefusal(RefusalKind::kUpstreamUnreachable), "Proxy error"},
      {GlobalRateLimited(3, 1), "Global rate limit exceeded"},
      {AddressRateLimited(3, 1), "Global rate limit exceeded"},
      {KeyRateLimited(3, 1), "Per-key rate limit exceeded"},
      {BodyTooLarge(1048576), "Maximum request body size 1048576 exceeded"},
  };
  for (const auto& test : cases) {
    EXPECT_TRUE(absl::StrContains(test.refusal.message.view(), test.text))
        << test.refusal.message.view();
  }
}

TEST(RefusalTest, WaitIsToldInTheSentenceScriptsRead) {
  EXPECT_TRUE(absl::EndsWith(KeyRateLimited(3, 1'400).message.view(),
                             " Please try again in 2s."));
  EXPECT_TRUE(absl::EndsWith(KeyRateLimited(3, 90'000).message.view(),
                             " Please try again in 1m30s."));
  EXPECT_TRUE(absl::EndsWith(
      TokenRateLimited({30'000, 29'500, 1'200}, 1'400).message.view(),
      "Limit 30000, Used 29500, Requested 1200. Please try again in 2s."));
}

TEST(RefusalTest, HopelessOrCostlyRetriesAreForbidden) {
  EXPECT_EQ(KeyRateLimited(3, 60'000).retry.should_retry, std::nullopt);
  EXPECT_EQ(KeyRateLimited(3, 60'001).retry.should_retry, false);
  EXPECT_EQ(BudgetUsedUp(1).retry.should_retry, false);
  EXPECT_EQ(RequestLargerThanWindow({1, 0, 2}).retry.should_retry, false);
  EXPECT_EQ(MakeRefusal(RefusalKind::kUpstreamTimeout).retry.should_retry,
            false);
  EXPECT_EQ(MakeRefusal(RefusalKind::kUpstreamUnreachable).retry.should_retry,
            std::nullopt);
}

TEST(RefusalTest, WrongBaseUrlIsHintedAt) {
  const struct {
    const char* path;
    const char* hint;
  } cases[] = {
      {"/chat/completions", "Did you mean /v1/chat/completions?"},
      {"/models", "Did you mean /v1/models?"},
      {"/v1/chat/completions/chat/completions",
       "Did you mean /v1/chat/completions?"},
      {"/v1/chat/completions/v1/models", "Did you mean"},
  };
  for (const auto& test : cases) {
    const Refusal refusal = UnknownUrl(Method::kPost, test.path);
    EXPECT_TRUE(absl::StrContains(refusal.message.view(), test.hint))
        << refusal.message.view();
  }
}

TEST(RefusalTest, UnknownPathIsNeverEchoed) {
  const Refusal refusal = UnknownUrl(Method::kGet, "/v1/secret?key=x");
  EXPECT_FALSE(absl::StrContains(refusal.message.view(), "secret"));
  EXPECT_EQ(refusal.status, 404);
}

}  // namespace
}  // namespace holt::worker
