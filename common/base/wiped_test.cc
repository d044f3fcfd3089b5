#include "common/base/wiped.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

namespace holt {
namespace {

TEST(WipedBytes, KeepsWhatWasAppendedAcrossGrowth) {
  WipedBytes bytes;
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const std::string piece(static_cast<size_t>(i % 17), 'a');
    bytes.Append(piece);
    expected += piece;
  }
  EXPECT_EQ(bytes.view(), expected);
}

TEST(WipedBytes, ReservedRoomIsFilledInPlace) {
  WipedBytes bytes;
  bytes.Reserve(1000);
  const uint8_t* where = bytes.data();
  bytes.Append(std::string(1000, 'x'));
  EXPECT_EQ(bytes.data(), where);
}

TEST(WipedBytes, PaddingIsReadableAndZeroAfterAnySize) {
  WipedBytes bytes(64);
  for (int i = 0; i < 300; ++i) {
    bytes.Append("x");
    const uint8_t* after = bytes.data() + bytes.size();
    EXPECT_TRUE(
        std::all_of(after, after + 64, [](uint8_t b) { return b == 0; }));
  }
}

TEST(WipedBytes, CuttingWipesWhatIsCutOff) {
  WipedBytes bytes;
  bytes.Append("secret words");
  bytes.Resize(6);
  const uint8_t* after = bytes.data() + bytes.size();
  EXPECT_TRUE(std::all_of(after, after + 6, [](uint8_t b) { return b == 0; }));
  EXPECT_EQ(bytes.view(), "secret");
}

TEST(WipedBytes, ExtendingShowsZeroBytesNotOldOnes) {
  WipedBytes bytes;
  bytes.Append("secret");
  bytes.Resize(0);
  bytes.Resize(6);
  EXPECT_EQ(bytes.view(), absl::string_view("\0\0\0\0\0\0", 6));
}

TEST(WipedBytes, MovesLeaveTheSourceEmptyAndUsable) {
  WipedBytes from(64);
  from.Append("text");
  WipedBytes to(std::move(from));
  EXPECT_EQ(to.view(), "text");
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move)
  from.Append("more");
  EXPECT_EQ(from.view(), "more");
  from = std::move(to);
  EXPECT_EQ(from.view(), "text");
}

TEST(WipedBytes, ClearingGivesTheMemoryBack) {
  WipedBytes bytes;
  bytes.Append("text");
  bytes.Clear();
  EXPECT_TRUE(bytes.empty());
  EXPECT_EQ(bytes.capacity(), 0u);
  bytes.Append("again");
  EXPECT_EQ(bytes.view(), "again");
}

}  // namespace
}  // namespace holt
