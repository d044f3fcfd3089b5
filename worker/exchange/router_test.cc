#include "worker/exchange/router.h"

#include <gtest/gtest.h>

namespace holt::worker {
namespace {

struct Case {
  Method method;
  const char* path;
  const char* route;  // null: none
  bool wrong_method = false;
};

class RouterTest : public testing::TestWithParam<Case> {};

TEST_P(RouterTest, MatchesWhatTheTableSays) {
  const RouteMatch match = MatchRoute(GetParam().method, GetParam().path);
  if (GetParam().route == nullptr) {
    EXPECT_EQ(match.route, nullptr);
  } else {
    ASSERT_NE(match.route, nullptr);
    EXPECT_EQ(match.route->path, GetParam().route);
  }
  EXPECT_EQ(match.wrong_method, GetParam().wrong_method);
}

INSTANTIATE_TEST_SUITE_P(
    Paths, RouterTest,
    testing::Values(
        Case{Method::kPost, "/v1/chat/completions", "/v1/chat/completions"},
        Case{Method::kPost, "/v1/chat/completions/", "/v1/chat/completions"},
        Case{Method::kGet, "/v1/chat/completions", nullptr, true},
        Case{Method::kGet, "/v1/models", "/v1/models"},
        Case{Method::kHead, "/v1/models", "/v1/models"},
        Case{Method::kPost, "/v1/models", nullptr, true},
        Case{Method::kGet, "/v1/models/org%2Fmodel%20name:v1", "/v1/models/"},
        Case{Method::kGet, "/v1/models/a/b", nullptr},
        Case{Method::kGet, "/health", "/health"},
        Case{Method::kPost, "/health", nullptr, true},
        Case{Method::kPost, "/chat/completions", nullptr},
        Case{Method::kPost, "/admin/../v1/chat/completions", nullptr},
        Case{Method::kPost, "/v1/%2e%2e/v1/chat/completions", nullptr},
        Case{Method::kPost, "/v1//chat/completions", nullptr},
        Case{Method::kPost, "//v1/chat/completions", nullptr},
        Case{Method::kPost, "/V1/chat/completions", nullptr},
        Case{Method::kGet, "/admin", nullptr},
        Case{Method::kGet, "/", nullptr}));

TEST(IsApiPathTest, OnlyBelowV1) {
  EXPECT_TRUE(IsApiPath("/v1/models"));
  EXPECT_TRUE(IsApiPath("/v1"));
  EXPECT_FALSE(IsApiPath("/v10"));
  EXPECT_FALSE(IsApiPath("/health"));
}

}  // namespace
}  // namespace holt::worker
