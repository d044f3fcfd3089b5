#include "tests/demo_upstream/prose.h"

#include <gtest/gtest.h>

namespace holt::demo {
namespace {

std::string Joined(const Wording& wording) {
  std::string text;
  for (uint32_t i = 0; i < wording.size(); ++i) {
    text.append(wording.word(i).data(), wording.word(i).size());
  }
  return text;
}

TEST(Wording, WordsJoinToTheText) {
  EXPECT_EQ(Joined(Wording("one two  three ")), "one two  three ");
  EXPECT_EQ(Joined(Wording("")), "");
  EXPECT_GT(Wording::Prose().size(), 40u);
}

TEST(Wording, BeginsAgainAtItsEnd) {
  const Wording wording("one two");
  EXPECT_EQ(wording.word(2), "one");
  EXPECT_EQ(wording.word(3), " two");
}

TEST(Wording, MirrorTurnsLettersNotBytes) {
  EXPECT_EQ(Joined(Wording::MirrorOf("caf\xc3\xa9 x")),
            "x \xc3\xa9"
            "fac");
  EXPECT_EQ(Joined(Wording::MirrorOf("")), "");
}

TEST(AppendJsonEscaped, EscapesWhatJsonForbids) {
  std::string out;
  AppendJsonEscaped("a\"b\\c\n\xc3\xa9", out);
  EXPECT_EQ(out, "a\\\"b\\\\c\\u000a\xc3\xa9");
}

}  // namespace
}  // namespace holt::demo
