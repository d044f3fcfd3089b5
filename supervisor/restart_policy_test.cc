#include "supervisor/restart_policy.h"

#include <gtest/gtest.h>

namespace holt::supervisor {
namespace {

constexpr absl::Duration kAWhile = absl::Seconds(20);

TEST(RestartPolicy, TheFirstRestartIsAtOnce) {
  RestartPolicy policy;
  EXPECT_EQ(policy.AfterExit(kAWhile), absl::ZeroDuration());
}

TEST(RestartPolicy, LaterOnesWaitTwiceAsLongUpToTenSeconds) {
  RestartPolicy policy;
  policy.AfterExit(kAWhile);
  EXPECT_EQ(policy.AfterExit(kAWhile), absl::Milliseconds(100));
  EXPECT_EQ(policy.AfterExit(kAWhile), absl::Milliseconds(200));
  EXPECT_EQ(policy.AfterExit(kAWhile), absl::Milliseconds(400));
  for (int i = 0; i < 100; ++i) policy.AfterExit(kAWhile);
  EXPECT_EQ(policy.AfterExit(kAWhile), absl::Seconds(10));
}

TEST(RestartPolicy, AMinuteOfHealthStartsOver) {
  RestartPolicy policy;
  for (int i = 0; i < 5; ++i) policy.AfterExit(kAWhile);
  EXPECT_EQ(policy.AfterExit(absl::Seconds(60)), absl::ZeroDuration());
  EXPECT_EQ(policy.AfterExit(kAWhile), absl::Milliseconds(100));
}

TEST(RestartPolicy, FiveQuickEndsKeepTheSlotDown) {
  RestartPolicy policy;
  for (int i = 0; i < 4; ++i) policy.AfterExit(absl::Seconds(1));
  EXPECT_FALSE(policy.gave_up());
  EXPECT_EQ(policy.AfterExit(absl::Seconds(1)), absl::Seconds(30));
  EXPECT_TRUE(policy.gave_up());
  policy.AfterExit(kAWhile);
  EXPECT_FALSE(policy.gave_up());
}

}  // namespace
}  // namespace holt::supervisor
