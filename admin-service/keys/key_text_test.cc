#include "admin-service/keys/key_text.h"

#include <string>

#include "absl/strings/match.h"
#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace holt::admin {
namespace {

std::array<uint8_t, 32> AllBits(uint8_t byte) {
  std::array<uint8_t, 32> bits;
  bits.fill(byte);
  return bits;
}

// Computed with Python's integers and zlib.crc32, apart from this code.
TEST(KeyTextTest, FormMatchesIndependentVectors) {
  std::array<uint8_t, 32> counting;
  for (uint8_t i = 0; i < 32; ++i) counting[i] = i;
  EXPECT_EQ(KeyText::FromBits(AllBits(0)).Reveal(),
            "holt_00000000000000000000000000000000000000000002CZclj");
  EXPECT_EQ(KeyText::FromBits(AllBits(0xff)).Reveal(),
            "holt_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp13sRzl1");
  EXPECT_EQ(KeyText::FromBits(counting).Reveal(),
            "holt_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1Yo7hP");
}

TEST(KeyTextTest, HintIsTheEndOfTheKey) {
  const KeyText key = KeyText::FromBits(AllBits(0xff));
  EXPECT_TRUE(absl::EndsWith(key.Reveal(), key.hint()));
  EXPECT_EQ(key.hint().size(), 4);
}

TEST(KeyTextTest, NewKeysAreWellFormedAndDiffer) {
  const absl::StatusOr<KeyText> first = MakeKey();
  const absl::StatusOr<KeyText> second = MakeKey();
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_TRUE(IsWellFormedKey(first->Reveal()));
  EXPECT_NE(first->Reveal(), second->Reveal());
  EXPECT_EQ(first->Reveal().size(), kKeySize);
}

TEST(KeyTextTest, EverySingleWrongLetterIsNoticed) {
  const std::string right(KeyText::FromBits(AllBits(0x5a)).Reveal());
  ASSERT_TRUE(IsWellFormedKey(right));
  for (size_t i = 0; i < right.size(); ++i) {
    std::string wrong = right;
    wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(IsWellFormedKey(wrong)) << "at " << i;
  }
}

TEST(KeyTextTest, OtherTextIsNotWellFormed) {
  EXPECT_FALSE(IsWellFormedKey(""));
  EXPECT_FALSE(IsWellFormedKey("pm_0123456789"));
  EXPECT_FALSE(IsWellFormedKey(std::string(kKeySize, '0')));
}

TEST(KeyTextTest, MovedFromKeyIsWiped) {
  KeyText key = KeyText::FromBits(AllBits(0xff));
  const KeyText moved = std::move(key);
  EXPECT_TRUE(IsWellFormedKey(moved.Reveal()));
  // NOLINTNEXTLINE(bugprone-use-after-move): that is the point.
  EXPECT_EQ(key.Reveal(), std::string(kKeySize, '\0'));
}

}  // namespace
}  // namespace holt::admin
