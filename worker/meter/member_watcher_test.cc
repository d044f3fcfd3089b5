#include "worker/meter/member_watcher.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "worker/http/test_vectors.h"

namespace holt::worker {
namespace {

absl::Span<const uint8_t> BytesOf(absl::string_view text) {
  return absl::Span<const uint8_t>(
      reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

MemberWatcher Watch(absl::string_view answer, size_t piece = SIZE_MAX) {
  MemberWatcher watcher;
  while (!answer.empty()) {
    watcher.Feed(BytesOf(answer.substr(0, piece)));
    answer.remove_prefix(std::min(piece, answer.size()));
  }
  watcher.Finish();
  return watcher;
}

constexpr char kUsage[] = R"({"prompt_tokens":3,"completion_tokens":5})";

TEST(MemberWatcherTest, UsageAndModelAreCaught) {
  const std::string answer = absl::StrCat(
      R"({"id":"usage","model":"m-1","x":{"usage":1,"model":2},"usage":)",
      kUsage, "}");
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{7}, SIZE_MAX}) {
    const MemberWatcher watcher = Watch(answer, piece);
    EXPECT_EQ(watcher.usage().state, UsageState::kReadable);
    EXPECT_EQ(watcher.usage().usage.total, 8u);
    EXPECT_EQ(watcher.model(), "m-1");
  }
}

TEST(MemberWatcherTest, EscapedKeyIsTheSameKey) {
  const MemberWatcher watcher =
      Watch(absl::StrCat(R"({"\u0075\u0073\u0061\u0067\u0065":)", kUsage, "}"));
  EXPECT_EQ(watcher.usage().state, UsageState::kReadable);
}

TEST(MemberWatcherTest, AnswerWithoutUsageHasNone) {
  EXPECT_EQ(Watch(R"({"a":1})").usage().state, UsageState::kNone);
  EXPECT_EQ(Watch("<html>").usage().state, UsageState::kNone);
  EXPECT_EQ(Watch("").usage().state, UsageState::kNone);
  EXPECT_EQ(Watch(R"([{"usage":1}])").usage().state, UsageState::kNone);
}

TEST(MemberWatcherTest, BrokenAnswerIsUnreadable) {
  for (const char* tail : {"", "}x", ",}", R"(,"usage":null})"}) {
    const MemberWatcher watcher =
        Watch(absl::StrCat(R"({"usage":)", kUsage, tail));
    EXPECT_EQ(watcher.usage().state, UsageState::kUnreadable) << tail;
  }
}

TEST(MemberWatcherTest, ValuesAreBounded) {
  const std::string blanks(MemberWatcher::kMaxValueSize, ' ');
  const std::string answer =
      absl::StrCat(R"({"model":"m","usage":{)", blanks, "}}");
  for (const size_t piece : {size_t{100}, SIZE_MAX}) {
    const MemberWatcher watcher = Watch(answer, piece);
    EXPECT_EQ(watcher.usage().state, UsageState::kUnreadable);
    EXPECT_EQ(watcher.model(), "m");
  }
}

TEST(MemberWatcherTest, LongKeyIsSkipped) {
  const MemberWatcher watcher = Watch(absl::StrCat(
      "{\"", std::string(100'000, 'k'), R"(":1,"usage":)", kUsage, "}"));
  EXPECT_EQ(watcher.usage().state, UsageState::kReadable);
}

TEST(MemberWatcherTest, ModelNamedTwiceIsNoModel) {
  EXPECT_EQ(Watch(R"({"model":"a","model":"b"})").model(), "");
  EXPECT_EQ(Watch(R"({"model":7})").model(), "");
  EXPECT_EQ(Watch(R"({"model":"a\n"})").model(), "");
}

TEST(MemberWatcherVectorTest, UsageIsReadAsTheVectorsSay) {
  for (const TestVector& vector :
       ReadTestVectors("worker/meter/testdata/usage.jsonl")) {
    if (vector.stream) continue;
    for (const size_t piece : {size_t{1}, size_t{5}, SIZE_MAX}) {
      const UsageReading reading = Watch(vector.bytes, piece).usage();
      ASSERT_EQ(reading.state == UsageState::kReadable,
                vector.usage.has_value())
          << vector.id;
      if (!vector.usage.has_value()) continue;
      EXPECT_EQ(reading.usage.prompt, vector.usage->first) << vector.id;
      EXPECT_EQ(reading.usage.completion, vector.usage->second) << vector.id;
    }
  }
}

}  // namespace
}  // namespace holt::worker
