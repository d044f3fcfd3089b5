#include "supervisor/config/suggestion.h"

#include <gtest/gtest.h>

namespace holt::supervisor {
namespace {

TEST(EditDistance, CountsSingleLetterSteps) {
  EXPECT_EQ(EditDistance("limits", "limits"), 0u);
  EXPECT_EQ(EditDistance("limts", "limits"), 1u);
  EXPECT_EQ(EditDistance("limitss", "limits"), 1u);
  EXPECT_EQ(EditDistance("lamits", "limits"), 1u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
}

TEST(EditDistance, NeighboursSwappedAreOneStep) {
  EXPECT_EQ(EditDistance("lsitener", "listener"), 1u);
}

TEST(NearestWord, FindsTheOneMeant) {
  EXPECT_EQ(NearestWord("limts", {"listener", "limits", "keys"}), "limits");
}

TEST(NearestWord, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(NearestWord("banana", {"listener", "limits", "keys"}), "");
}

TEST(NearestWord, AShortWordMayDifferInOneLetter) {
  EXPECT_EQ(NearestWord("ur", {"url"}), "url");
  EXPECT_EQ(NearestWord("xy", {"url"}), "");
}

}  // namespace
}  // namespace holt::supervisor
