#include "supervisor/broker/rate_bound.h"

#include <gtest/gtest.h>

namespace holt::supervisor {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

TEST(RateBoundTest, AdmitsTheBoundAndNoMore) {
  RateBound bound;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bound.Admit(5, 3));
  EXPECT_FALSE(bound.Admit(5, 3));
  EXPECT_FALSE(bound.Admit(5 + kSecond - 1, 3));
}

TEST(RateBoundTest, NextSecondStartsAfresh) {
  RateBound bound;
  EXPECT_TRUE(bound.Admit(0, 1));
  EXPECT_FALSE(bound.Admit(kSecond - 1, 1));
  EXPECT_TRUE(bound.Admit(kSecond, 1));
  EXPECT_FALSE(bound.Admit(2 * kSecond - 1, 1));
}

TEST(RateBoundTest, FirstIsAdmittedAtTimeZero) {
  RateBound bound;
  EXPECT_TRUE(bound.Admit(0, 1));
}

}  // namespace
}  // namespace holt::supervisor
