#include "worker/http/response_parser.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace holt::worker {
namespace {

using Event = ResponseParser::Step::Event;

absl::Span<const uint8_t> BytesOf(absl::string_view text) {
  return absl::Span<const uint8_t>(
      reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

struct Outcome {
  int status = 0;
  std::string body;
  bool ended = false;     // by its own framing
  bool at_close = false;  // FinishAtClose, when not ended
  bool reusable = false;
  bool refused = false;
  size_t left = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome Parse(absl::string_view text, Method method = Method::kGet,
              size_t piece = SIZE_MAX) {
  ResponseParser parser;
  parser.Reset(method);
  Outcome outcome;
  while (!text.empty() && !outcome.refused && !outcome.ended) {
    const absl::string_view part = text.substr(0, piece);
    absl::Span<const uint8_t> rest = BytesOf(part);
    Event event = Event::kHead;
    while (event == Event::kHead || event == Event::kBody) {
      const ResponseParser::Step step = parser.Next(rest);
      event = step.event;
      rest.remove_prefix(step.consumed);
      outcome.body.append(reinterpret_cast<const char*>(step.body.data()),
                          step.body.size());
    }
    outcome.ended = event == Event::kEnd;
    outcome.refused = event == Event::kRefused;
    text.remove_prefix(part.size() - rest.size());
  }
  outcome.left = outcome.refused ? 0 : text.size();
  outcome.status = parser.head().status();
  if (!outcome.ended) outcome.at_close = parser.FinishAtClose();
  outcome.reusable = parser.reusable();
  return outcome;
}

TEST(ResponseParserTest, BodiesEndAsTheirFramingSays) {
  const struct {
    const char* text;
    Outcome outcome;
  } cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
       {200, "ab", true, false, true, false, 0}},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
       "1\r\na\r\n1\r\nb\r\n0\r\n\r\n",
       {200, "ab", true, false, true, false, 0}},
      {"HTTP/1.1 200 OK\r\n\r\nab", {200, "ab", false, true, false, false, 0}},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
       {200, "", true, false, false, false, 0}},
      {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
       {200, "a", true, false, false, false, 0}},
      {"HTTP/1.1 204 \r\n\r\n", {204, "", true, false, true, false, 0}},
      {"HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n",
       {304, "", true, false, true, false, 0}},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
       "Content-Length: 1\r\n\r\na",
       {200, "a", true, false, true, false, 0}},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc",
       {200, "a", true, false, true, false, 2}},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(Parse(test.text), test.outcome) << test.text;
    EXPECT_EQ(Parse(test.text, Method::kGet, 1), test.outcome) << test.text;
  }
}

TEST(ResponseParserTest, AnswerToHeadHasNoBody) {
  const Outcome outcome =
      Parse("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", Method::kHead);
  EXPECT_TRUE(outcome.ended);
  EXPECT_TRUE(outcome.reusable);
}

TEST(ResponseParserTest, CutBodiesAreNotComplete) {
  for (const char* text :
       {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        "HTTP/1.1 200 OK\r\n", ""}) {
    const Outcome outcome = Parse(text);
    EXPECT_FALSE(outcome.ended) << text;
    EXPECT_FALSE(outcome.at_close) << text;
    EXPECT_FALSE(outcome.reusable) << text;
  }
}

TEST(ResponseParserTest, BadUpstreamsAreRefused) {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  std::string flood;
  for (int i = 0; i < 9; ++i) flood += "HTTP/1.1 103 x\r\n\r\n";
  const std::string cases[] = {
      "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n",
      "HTTP/1.1 100 Continue\r\nContent-Length: 1\r\n\r\na",
      flood + head + "\r\n",
      "HTTP/1.1 204 x\r\nContent-Length: 1\r\n\r\n",
      "HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 600 OK\r\n\r\n",
      "HTTP/1.1 99 OK\r\n\r\n",
      "HTTP/2.0 200 OK\r\n\r\n",
      "ICY 200 OK\r\n\r\n",
      "\r\nHTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 200 OK\n\n",
      head + "Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
      head + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      head + "Transfer-Encoding: gzip\r\n\r\n",
      head + "Content-Length: -1\r\n\r\n",
      head + "X : y\r\n\r\n",
      head + "X: y\r\n z\r\n\r\n",
      head + "X: a\rb\r\n\r\n",
      head + "Transfer-Encoding: chunked\r\n\r\n1;x\r\na\r\n",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      head + "X: " + std::string(65 * 1024, 'x') + "\r\n\r\n",
  };
  for (const std::string& text : cases) {
    EXPECT_TRUE(Parse(text).refused) << text.substr(0, 100);
    EXPECT_TRUE(Parse(text, Method::kGet, 1).refused) << text.substr(0, 100);
  }
}

TEST(ResponseParserTest, TwoHundredFieldsAreTheMost) {
  std::string text = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 199; ++i) absl::StrAppend(&text, "A: b\r\n");
  EXPECT_FALSE(Parse(text + "Content-Length: 0\r\n\r\n").refused);
  EXPECT_TRUE(Parse(text + "A: b\r\nContent-Length: 0\r\n\r\n").refused);
}

TEST(ResponseParserTest, ResetMakesReadyForTheNext) {
  ResponseParser parser;
  parser.Reset(Method::kHead);
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
  EXPECT_EQ(parser.Next(BytesOf(text)).event, Event::kHead);
  EXPECT_EQ(parser.Next({}).event, Event::kEnd);
  parser.Reset(Method::kGet);
  EXPECT_FALSE(parser.started());
  EXPECT_EQ(parser.Next(BytesOf(text)).event, Event::kHead);
  EXPECT_EQ(parser.Next({}).event, Event::kNeedMore);
}

}  // namespace
}  // namespace holt::worker
