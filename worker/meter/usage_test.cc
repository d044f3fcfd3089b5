#include "worker/meter/usage.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace holt::worker {
namespace {

UsageReading Parse(absl::string_view raw) {
  return ParseUsage(absl::Span<const uint8_t>(
      reinterpret_cast<const uint8_t*>(raw.data()), raw.size()));
}

bool Unreadable(absl::string_view raw) {
  return Parse(raw).state == UsageState::kUnreadable;
}

TEST(UsageTest, AllFormsOfCountsAreRead) {
  const UsageReading chat = Parse(
      R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,)"
      R"("prompt_tokens_details":{"cached_tokens":4,"prompt_tokens":99},)"
      R"("completion_tokens_details":{"reasoning_tokens":3},"cost":0.1})");
  ASSERT_EQ(chat.state, UsageState::kReadable);
  EXPECT_EQ(chat.usage, (Usage{10, 5, 15, 4, 3, 0}));
  const UsageReading responses =
      Parse(R"({"input_tokens":10,"output_tokens":5,)"
            R"("input_tokens_details":{"cached_tokens":4},)"
            R"("output_tokens_details":{"reasoning_tokens":3}})");
  EXPECT_EQ(responses.usage, (Usage{10, 5, 15, 4, 3, 0}));
  const UsageReading audio = Parse(R"({"type":"duration","seconds":12.25})");
  EXPECT_EQ(audio.usage, (Usage{0, 0, 0, 0, 0, 13}));
}

TEST(UsageTest, NullIsAbsent) {
  EXPECT_EQ(Parse("null").state, UsageState::kNone);
  EXPECT_EQ(Parse(R"({"prompt_tokens":1,"completion_tokens":null})").usage,
            (Usage{1, 0, 1, 0, 0, 0}));
}

TEST(UsageTest, WholeNumbersInAnySpellingCount) {
  const struct {
    const char* text;
    uint64_t value;
  } cases[] = {{"3.0", 3},     {"3e0", 3},
               {"30e-1", 3},   {"0.3e1", 3},
               {"1.5E+1", 15}, {"0e99999999999", 0},
               {"0", 0},       {"9007199254740991", kMaxCount}};
  for (const auto& test : cases) {
    const UsageReading reading =
        Parse(absl::StrCat(R"({"prompt_tokens":)", test.text, "}"));
    EXPECT_EQ(reading.state, UsageState::kReadable) << test.text;
    EXPECT_EQ(reading.usage.prompt, test.value) << test.text;
  }
}

TEST(UsageTest, WhatIsNoCertainCountIsUnreadable) {
  for (const char* text :
       {"-1", "-0", "0.5", "3.000000001", "1e30", "1e99999999999",
        "9007199254740992", "18446744073709551621", "\"3\"", "true", "[]"}) {
    EXPECT_TRUE(Unreadable(absl::StrCat(R"({"prompt_tokens":)", text, "}")))
        << text;
  }
}

TEST(UsageTest, KeysMayNotRepeatInAnySpelling) {
  EXPECT_TRUE(Unreadable(R"({"prompt_tokens":3,"prompt_tokens":3})"));
  EXPECT_TRUE(Unreadable(R"({"prompt_tokens":3,"prompt_token\u0073":3})"));
  EXPECT_TRUE(Unreadable(R"({"prompt_tokens":3,"x":1,"x":1})"));
}

TEST(UsageTest, NoObjectOrNoCountIsUnreadable) {
  for (const char* text : {"[]", "3", "{}", R"({"x":1})", R"({"prompt_tokens")",
                           "{", "", R"({"prompt_tokens":1}x)"}) {
    EXPECT_TRUE(Unreadable(text)) << text;
  }
  std::string many = R"({"prompt_tokens":1)";
  for (int i = 0; i < 64; ++i) absl::StrAppend(&many, ",\"", i, "\":1");
  EXPECT_TRUE(Unreadable(many + "}"));
}

TEST(UsageTest, PartsAreNeverLargerThanTheirWhole) {
  const UsageReading reading = Parse(
      R"({"prompt_tokens":1,"prompt_tokens_details":{"cached_tokens":9}})");
  EXPECT_EQ(reading.usage.cached, 1u);
}

}  // namespace
}  // namespace holt::worker
