#include "supervisor/config/environment.h"

#include <gtest/gtest.h>

namespace holt::supervisor {
namespace {

TEST(Environment, FindsAVariableByItsWholeName) {
  char port[] = "PORT=8443";
  char longer[] = "PORTS=1";
  char* block[] = {longer, port, nullptr};
  const Environment environment(block);
  EXPECT_EQ(environment.Get("PORT"), "8443");
  EXPECT_EQ(environment.Get("POR"), std::nullopt);
}

TEST(Environment, AnEmptyVariableCountsAsNotSet) {
  char port[] = "PORT=";
  char* block[] = {port, nullptr};
  EXPECT_EQ(Environment(block).Get("PORT"), std::nullopt);
}

TEST(Environment, ScrubLeavesNoByteOfAnyVariable) {
  char secret[] = "PRIVATEMODE_API_KEY=canary";
  char other[] = "HOME=/root";
  char* block[] = {secret, other, nullptr};
  Environment environment(block);
  environment.Scrub();
  for (const char byte : secret) EXPECT_EQ(byte, 0);
  for (const char byte : other) EXPECT_EQ(byte, 0);
  EXPECT_EQ(block[0], nullptr);
  EXPECT_EQ(environment.Get("HOME"), std::nullopt);
}

}  // namespace
}  // namespace holt::supervisor
