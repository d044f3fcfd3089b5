#include "common/secret/secret_bytes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <ostream>
#include <type_traits>

#include "common/secret/secret_access.h"
#include "common/testing/status_matchers.h"

namespace holt {
namespace {

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(!std::is_copy_constructible_v<SecretBytes>);
static_assert(!std::is_copy_assignable_v<SecretBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes>);
static_assert(!Printable<SecretBytes>);

class SecretBytesTest : public testing::Test {
 protected:
  void SetUp() override {
    auto arena = SecretArena::Create({.size = 64 << 10});
    ASSERT_THAT(arena, IsOk());
    arena_ = *std::move(arena);
  }

  SecretBytes Make(absl::string_view text) {
    SecretBytes secret(*arena_, text.size());
    std::memcpy(secret.RevealMutable(SecretAccess()).data(), text.data(),
                text.size());
    return secret;
  }

  static absl::string_view TextOf(const SecretBytes& secret) {
    const auto bytes = secret.Reveal(SecretAccess());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  std::unique_ptr<SecretArena> arena_;
};

TEST_F(SecretBytesTest, LivesInTheArena) {
  const SecretBytes secret = Make("correct horse");
  EXPECT_TRUE(arena_->Contains(secret.Reveal(SecretAccess()).data()));
}

TEST_F(SecretBytesTest, MovingLeavesNothingBehind) {
  SecretBytes from = Make("correct horse");
  SecretBytes to = Make("battery");
  to = std::move(from);
  EXPECT_EQ(TextOf(to), "correct horse");
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(from.Reveal(SecretAccess()).empty());
}

TEST_F(SecretBytesTest, ShrinkingWipesWhatIsCutOff) {
  SecretBytes secret = Make("correct horse");
  const uint8_t* bytes = secret.Reveal(SecretAccess()).data();
  secret.Shrink(7);
  EXPECT_EQ(TextOf(secret), "correct");
  EXPECT_TRUE(
      std::all_of(bytes + 7, bytes + 13, [](uint8_t b) { return b == 0; }));
}

TEST_F(SecretBytesTest, TheNewlineOfAFileIsTrimmed) {
  SecretBytes secret = Make("horse \r\n");
  secret.TrimTrailingSpace();
  EXPECT_EQ(TextOf(secret), "horse");
  SecretBytes blank = Make(" \n");
  blank.TrimTrailingSpace();
  EXPECT_TRUE(blank.empty());
}

TEST_F(SecretBytesTest, DestructionGivesTheMemoryBackWiped) {
  const uint8_t* bytes = nullptr;
  {
    const SecretBytes secret = Make("correct horse battery staple");
    bytes = secret.Reveal(SecretAccess()).data();
  }
  EXPECT_EQ(arena_->used(), 0u);
  // Behind the links of the free block, which take its first 16 bytes.
  EXPECT_TRUE(
      std::all_of(bytes + 16, bytes + 28, [](uint8_t b) { return b == 0; }));
}

TEST_F(SecretBytesTest, EqualityIsOfSizeAndBytes) {
  const SecretBytes secret = Make("horse");
  EXPECT_TRUE(secret.Equals(Make("horse")));
  EXPECT_FALSE(secret.Equals(Make("horsf")));
  EXPECT_FALSE(secret.Equals(Make("hors")));
  EXPECT_TRUE(SecretBytes().Equals(SecretBytes()));
}

}  // namespace
}  // namespace holt
