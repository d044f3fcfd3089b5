#include "worker/meter/event_stream.h"

#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "worker/http/test_vectors.h"

namespace holt::worker {
namespace {

using Mode = EventStreamFilter::Mode;

std::string TextOf(const ChunkBuffer& buffer) {
  iovec pieces[1024];
  std::string text;
  const size_t count = buffer.Gather(pieces, std::size(pieces));
  for (size_t i = 0; i < count; ++i) {
    text.append(static_cast<const char*>(pieces[i].iov_base),
                pieces[i].iov_len);
  }
  return text;
}

struct Result {
  std::string text;
  UsageReading usage;
  std::string model;
  bool fed = true;
  bool finished = false;
  bool at_boundary = false;

  friend bool operator==(const Result& a, const Result& b) {
    return a.text == b.text && a.usage.state == b.usage.state &&
           a.usage.usage == b.usage.usage && a.model == b.model &&
           a.fed == b.fed && a.finished == b.finished &&
           a.at_boundary == b.at_boundary;
  }
};

Result Filtered(Mode mode, absl::string_view stream, size_t piece = SIZE_MAX) {
  BufferPool pool(64 << 20);
  ChunkBuffer out(pool);
  EventStreamFilter filter(mode);
  Result result;
  while (!stream.empty()) {
    const absl::string_view part = stream.substr(0, piece);
    result.fed = filter.Feed(
        absl::Span<const uint8_t>(reinterpret_cast<const uint8_t*>(part.data()),
                                  part.size()),
        out);
    stream.remove_prefix(part.size());
  }
  result.finished = filter.Finish(out);
  result.text = TextOf(out);
  result.usage = filter.usage();
  result.model = std::string(filter.model());
  result.at_boundary = filter.at_boundary();
  return result;
}

constexpr char kDelta[] =
    R"(data: {"model":"m","choices":[{"delta":{"content":"\"usage\""}}]})"
    "\n\n";
constexpr char kUsageOnly[] =
    R"(data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5}})"
    "\n\n";
constexpr char kDone[] = "data: [DONE]\n\n";

TEST(EventStreamTest, PassModeChangesNothing) {
  const std::string stream = absl::StrCat(": hi\n\n", kDelta, kUsageOnly,
                                          "event: x\r\ndata: y\r\n\r\n", kDone);
  const Result result = Filtered(Mode::kPass, stream);
  EXPECT_EQ(result.text, stream);
  EXPECT_EQ(result.usage.usage.total, 8u);
  EXPECT_EQ(result.model, "m");
  EXPECT_TRUE(result.finished);
}

TEST(EventStreamTest, RemoveModeTakesTheUsageOnlyChunkAway) {
  const Result result =
      Filtered(Mode::kRemoveUsage, absl::StrCat(kDelta, kUsageOnly, kDone));
  EXPECT_EQ(result.text, absl::StrCat(kDelta, kDone));
  EXPECT_EQ(result.usage.usage.total, 8u);
}

TEST(EventStreamTest, RemoveModeCutsTheMemberOutOfOtherChunks) {
  const struct {
    const char* chunk;
    const char* cut;
  } cases[] = {
      {R"({"choices":[1], "usage":null})", R"({"choices":[1]})"},
      {R"({"usage":null,"choices":[1] })", R"({"choices":[1] })"},
      {R"({ "usage" : {"a":1} , "choices":[1]})", R"({ "choices":[1]})"},
      {R"({"id":1e2,"usage":null,"choices":[1]})",
       R"({"id":1e2,"choices":[1]})"},
      {R"({"usage":{}})", R"({})"},
      {R"({"usage":1,"usage":2,"choices":[1]})", R"({"choices":[1]})"},
      {R"({"a":1,"usage":1,"usage":2,"b":3})", R"({"a":1,"b":3})"},
      {R"({"usage":1,"a":1,"usage":2,"b":3})", R"({"a":1,"b":3})"},
      {R"({"choices":[],"usage":null,"x":1})", R"({"choices":[],"x":1})"},
      {R"({"choices":[],"usage":{"prompt_tokens":1},"error":{}})",
       R"({"choices":[],"error":{}})"},
  };
  for (const auto& test : cases) {
    const Result result = Filtered(Mode::kRemoveUsage,
                                   absl::StrCat("data: ", test.chunk, "\n\n"));
    EXPECT_EQ(result.text, absl::StrCat("data: ", test.cut, "\n\n"));
  }
}

TEST(EventStreamTest, EventsGoOnInTheCallThatCompletesThem) {
  BufferPool pool(1 << 20);
  ChunkBuffer out(pool);
  EventStreamFilter filter(Mode::kRemoveUsage);
  const std::string delta = kDelta;
  const auto feed = [&](absl::string_view text) {
    filter.Feed(absl::Span<const uint8_t>(
                    reinterpret_cast<const uint8_t*>(text.data()), text.size()),
                out);
  };
  feed(absl::string_view(delta).substr(0, delta.size() - 1));
  EXPECT_EQ(out.size(), 0u);
  feed("\n");
  EXPECT_EQ(TextOf(out), delta);
}

TEST(EventStreamTest, DataInSeveralLinesIsOnePayload) {
  const Result result = Filtered(
      Mode::kRemoveUsage,
      "data: {\"choices\":[1],\ndata: \"usage\":{\"prompt_tokens\":1}}\n\n");
  EXPECT_EQ(result.text, "data: {\"choices\":[1]}\n\n");
  EXPECT_EQ(result.usage.usage.prompt, 1u);
}

TEST(EventStreamTest, LastUsageBeforeDoneWins) {
  const Result result = Filtered(
      Mode::kPass,
      absl::StrCat(R"(data: {"choices":[1],"usage":{"prompt_tokens":1}})",
                   "\n\n", kUsageOnly, kDone,
                   R"(data: {"usage":{"prompt_tokens":9}})", "\n\n"));
  EXPECT_EQ(result.usage.usage.prompt, 3u);
}

TEST(EventStreamTest, UsageOfAResponsesStreamIsInItsResponse) {
  const Result result =
      Filtered(Mode::kPass,
               "event: response.completed\n"
               R"(data: {"type":"response.completed","response":{"model":"r",)"
               R"("usage":{"input_tokens":2,"output_tokens":4}}})"
               "\n\n");
  EXPECT_EQ(result.usage.usage, (Usage{2, 4, 6, 0, 0, 0}));
}

TEST(EventStreamTest, TornStreamIsToldApart) {
  const std::string torn = absl::StrCat(kDelta, "data: {\"choices\":[1");
  const Result passed = Filtered(Mode::kPass, torn);
  EXPECT_FALSE(passed.finished);
  EXPECT_FALSE(passed.at_boundary);
  EXPECT_EQ(passed.text, torn);
  const Result removed = Filtered(Mode::kRemoveUsage, torn);
  EXPECT_FALSE(removed.finished);
  EXPECT_TRUE(removed.at_boundary);
  EXPECT_EQ(removed.text, kDelta);
}

TEST(EventStreamTest, LastBlankLineMayBeMissing) {
  const std::string stream = absl::StrCat(kDelta, "data: [DONE]");
  EXPECT_TRUE(Filtered(Mode::kPass, stream).finished);
  const Result removed = Filtered(Mode::kRemoveUsage, stream);
  EXPECT_TRUE(removed.finished);
  EXPECT_EQ(removed.text, absl::StrCat(kDelta, kDone));
}

TEST(EventStreamTest, EndlessEventEndsTheStream) {
  const std::string endless =
      "data: " + std::string(EventStreamFilter::kMaxEventSize, 'a');
  for (const Mode mode : {Mode::kPass, Mode::kRemoveUsage}) {
    const Result result =
        Filtered(mode, absl::StrCat(kUsageOnly, endless), 1000);
    EXPECT_FALSE(result.fed);
    EXPECT_FALSE(result.finished);
    EXPECT_EQ(result.usage.state, UsageState::kUnreadable);
  }
}

TEST(EventStreamTest, OutcomeIsTheSameHoweverTheBytesAreCut) {
  const std::string lines = absl::StrCat(
      "\xef\xbb\xbf", kDelta, ": c\n\n", kUsageOnly,
      "data: {\"choices\":[1],\ndata: \"usage\":null}\n\n", kDelta, kDone);
  for (const char* end : {"\n", "\r\n", "\r"}) {
    const std::string stream = absl::StrReplaceAll(lines, {{"\n", end}});
    for (const Mode mode : {Mode::kPass, Mode::kRemoveUsage}) {
      const Result whole = Filtered(mode, stream);
      for (const size_t piece : {1u, 2u, 3u, 5u, 64u}) {
        EXPECT_EQ(Filtered(mode, stream, piece), whole) << piece;
      }
    }
  }
}

TEST(EventStreamTest, ErrorEventEndsATornEventFirst) {
  BufferPool pool(1 << 20);
  ChunkBuffer out(pool);
  AppendErrorEvent(out, MakeRefusal(RefusalKind::kUpstreamFailed), false);
  const std::string text = TextOf(out);
  EXPECT_EQ(text.substr(0, 19), "\n\ndata: {\"error\":{\"");
  EXPECT_TRUE(absl::EndsWith(text, "}}\n\ndata: [DONE]\n\n"));
}

TEST(EventStreamVectorTest, UsageIsReadAsTheVectorsSay) {
  for (const TestVector& vector :
       ReadTestVectors("worker/meter/testdata/usage.jsonl")) {
    if (!vector.stream) continue;
    for (const Mode mode : {Mode::kPass, Mode::kRemoveUsage}) {
      for (const size_t piece : {size_t{1}, size_t{5}, SIZE_MAX}) {
        if (vector.bytes.size() > 10'000 && piece < 10) continue;
        const UsageReading reading = Filtered(mode, vector.bytes, piece).usage;
        ASSERT_EQ(reading.state == UsageState::kReadable,
                  vector.usage.has_value())
            << vector.id;
        if (!vector.usage.has_value()) continue;
        EXPECT_EQ(reading.usage.prompt, vector.usage->first) << vector.id;
        EXPECT_EQ(reading.usage.completion, vector.usage->second) << vector.id;
      }
    }
  }
}

}  // namespace
}  // namespace holt::worker
