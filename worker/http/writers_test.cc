// The writers, checked with the parsers: what we write must be what we would
// accept.
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "simdjson.h"
#include "worker/http/request_parser.h"
#include "worker/http/request_writer.h"
#include "worker/http/response_parser.h"
#include "worker/http/response_writer.h"

namespace holt::worker {
namespace {

absl::Span<const uint8_t> BytesOf(absl::string_view text) {
  return absl::Span<const uint8_t>(
      reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

class WritersTest : public testing::Test {
 protected:
  WritersTest() : pool_(1 << 20), out_(pool_) {
    context_.request_id = "req_1";
    context_.now = absl::FromUnixSeconds(784'111'777);
    context_.keep_alive = true;
  }

  // What was written so far.
  std::string Text() {
    std::string text;
    while (!out_.empty()) {
      const absl::Span<const uint8_t> front = out_.Front();
      text.append(reinterpret_cast<const char*>(front.data()), front.size());
      out_.Consume(front.size());
    }
    return text;
  }

  // Reads `text` as a response; its body, and its head in parser_.
  std::string ReadResponse(const std::string& text) {
    parser_.Reset(Method::kGet);
    absl::Span<const uint8_t> rest = BytesOf(text);
    std::string body;
    while (true) {
      const ResponseParser::Step step = parser_.Next(rest);
      rest.remove_prefix(step.consumed);
      body.append(reinterpret_cast<const char*>(step.body.data()),
                  step.body.size());
      if (step.event == ResponseParser::Step::Event::kHead) continue;
      if (step.event == ResponseParser::Step::Event::kBody) continue;
      EXPECT_EQ(step.event, ResponseParser::Step::Event::kEnd) << text;
      EXPECT_TRUE(rest.empty());
      return body;
    }
  }

  std::string Value(absl::string_view name) {
    return std::string(parser_.head().Find(name).value_or("(none)"));
  }

  BufferPool pool_;
  ChunkBuffer out_;
  ResponseContext context_;
  ResponseParser parser_;
};

TEST_F(WritersTest, EveryResponseHasItsFields) {
  context_.tls = true;
  context_.cors = true;
  context_.processing_milliseconds = 42;
  WriteJson(out_, 200, "{}", context_);
  EXPECT_EQ(ReadResponse(Text()), "{}");
  EXPECT_EQ(Value("x-request-id"), "req_1");
  EXPECT_EQ(Value("content-type"), "application/json");
  EXPECT_EQ(Value("cache-control"), "no-store");
  EXPECT_EQ(Value("date"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(Value("x-content-type-options"), "nosniff");
  EXPECT_EQ(Value("x-frame-options"), "DENY");
  EXPECT_EQ(Value("strict-transport-security"),
            "max-age=31536000; includeSubDomains");
  EXPECT_EQ(Value("access-control-allow-origin"), "*");
  EXPECT_EQ(Value("openai-processing-ms"), "42");
  EXPECT_EQ(Value("keep-alive"), "timeout=60");
}

TEST_F(WritersTest, ChunkedStreamReadsBackWhole) {
  ResponseHeadOptions options;
  options.content_type = "text/event-stream; charset=utf-8";
  options.framing = BodyFraming::kChunked;
  options.event_stream = true;
  WriteHead(out_, context_, options);
  AppendChunk(out_, BytesOf("data: 1\n\n"));
  AppendChunk(out_, absl::Span<const uint8_t>());
  ChunkBuffer piece(pool_);
  piece.Append(BytesOf("data: 2\n\n"));
  AppendChunk(out_, piece);
  EXPECT_TRUE(piece.empty());
  AppendLastChunk(out_);
  EXPECT_EQ(ReadResponse(Text()), "data: 1\n\ndata: 2\n\n");
  EXPECT_EQ(Value("x-accel-buffering"), "no");
  EXPECT_EQ(Value("content-length"), "(none)");
}

TEST_F(WritersTest, ErrorIsJsonWithAllFourMembers) {
  WriteError(out_, MakeRefusal(RefusalKind::kModelMissing), context_);
  const std::string body = ReadResponse(Text());
  simdjson::dom::parser json;
  simdjson::dom::element document;
  ASSERT_EQ(json.parse(body).get(document), simdjson::SUCCESS);
  std::string_view text;
  ASSERT_EQ(document["error"]["type"].get(text), simdjson::SUCCESS);
  EXPECT_EQ(text, "invalid_request_error");
  ASSERT_EQ(document["error"]["param"].get(text), simdjson::SUCCESS);
  EXPECT_EQ(text, "model");
  ASSERT_EQ(document["error"]["code"].get(text), simdjson::SUCCESS);
  EXPECT_EQ(text, "missing_required_parameter");
  EXPECT_EQ(parser_.head().status(), 400);
  EXPECT_TRUE(parser_.head().keep_alive());
}

TEST_F(WritersTest, RefusalDecidesAboutConnectionAndRetry) {
  WriteError(out_, MakeRefusal(RefusalKind::kLineEnds), context_);
  ReadResponse(Text());
  EXPECT_FALSE(parser_.head().keep_alive());
  WriteError(out_, KeyRateLimited(3, 1'400), context_);
  ReadResponse(Text());
  EXPECT_EQ(Value("retry-after"), "2");
  EXPECT_EQ(Value("retry-after-ms"), "1400");
  EXPECT_EQ(Value("x-should-retry"), "(none)");
  WriteError(out_, BudgetUsedUp(3'600'000), context_);
  ReadResponse(Text());
  EXPECT_EQ(Value("retry-after"), "3600");
  EXPECT_EQ(Value("x-should-retry"), "false");
}

TEST_F(WritersTest, StatusesThatAskForAFieldGetIt) {
  WriteError(out_, MakeRefusal(RefusalKind::kMissingKey), context_);
  ReadResponse(Text());
  EXPECT_EQ(Value("www-authenticate"), "Bearer");
  WriteError(out_, MethodNotAllowed(Method::kGet), context_, "POST");
  ReadResponse(Text());
  EXPECT_EQ(Value("allow"), "POST");
}

TEST_F(WritersTest, AnswerToHeadHasLengthButNoBody) {
  context_.head_only = true;
  WriteJson(out_, 200, "{}", context_);
  const std::string text = Text();
  EXPECT_TRUE(absl::EndsWith(text, "\r\n\r\n"));
  EXPECT_TRUE(absl::StrContains(text, "Content-Length: 2\r\n"));
}

TEST_F(WritersTest, RateLimitsAreTold) {
  context_.rate.requests = RateWindow{60, 59, 1'000};
  context_.rate.tokens = RateWindow{150'000, 149'984, 360'000};
  context_.rate.earlier = RateWindow{60, 59, 1'500};
  WriteJson(out_, 200, "{}", context_);
  ReadResponse(Text());
  EXPECT_EQ(Value("x-ratelimit-limit-requests"), "60");
  EXPECT_EQ(Value("x-ratelimit-remaining-tokens"), "149984");
  EXPECT_EQ(Value("x-ratelimit-reset-requests"), "1s");
  EXPECT_EQ(Value("x-ratelimit-reset-tokens"), "6m0s");
  EXPECT_EQ(Value("X-RateLimit-Limit"), "60");
  EXPECT_EQ(Value("X-RateLimit-Reset"), "784111779");
}

TEST_F(WritersTest, PreflightEchoesOnlyTokens) {
  WritePreflight(out_, "authorization, x-stainless-os", context_);
  ReadResponse(Text());
  EXPECT_EQ(parser_.head().status(), 204);
  EXPECT_EQ(Value("access-control-allow-headers"),
            "authorization, x-stainless-os");
  WritePreflight(out_, "a b", context_);
  ReadResponse(Text());
  EXPECT_EQ(Value("access-control-allow-headers"), "(none)");
}

TEST(FormatDurationTest, DurationsAreGoStyle) {
  const struct {
    uint64_t milliseconds;
    const char* text;
  } cases[] = {{0, "0s"},
               {12, "12ms"},
               {1'000, "1s"},
               {1'200, "1.2s"},
               {60'000, "1m0s"},
               {252'172, "4m12.172s"},
               {83'909'144, "23h18m29.144s"},
               {3'600'000, "1h0m0s"}};
  for (const auto& test : cases) {
    EXPECT_EQ(FormatDuration(test.milliseconds), test.text);
  }
}

class RequestWriterTest : public WritersTest {
 protected:
  std::string Forward(const std::string& request,
                      std::optional<uint64_t> length) {
    RequestParser client({});
    EXPECT_EQ(client.Next(BytesOf(request)).event,
              RequestParser::Step::Event::kHead);
    WriteUpstreamHead(out_, client.head(), target_, length);
    return Text();
  }

  UpstreamTarget target_{"up:8080", "/base", BytesOf("secret")};
};

TEST_F(RequestWriterTest, TargetGoesOnByteForByte) {
  EXPECT_EQ(Forward("GET /v1/a%2fb?c=%zz&& HTTP/1.1\r\nHost: h\r\n\r\n", 0),
            "GET /base/v1/a%2fb?c=%zz&& HTTP/1.1\r\nHost: up:8080\r\n"
            "Accept-Encoding: identity\r\nAuthorization: Bearer secret\r\n"
            "\r\n");
}

TEST_F(RequestWriterTest, OnlyWhatIsTheUpstreamsGoesOn) {
  target_.credential = {};
  EXPECT_EQ(
      Forward("POST /x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer k\r\n"
              "X-Api-Key: k\r\nCookie: c\r\nX-Forwarded-For: 1\r\n"
              "Connection: x-hop, content-length, accept\r\nX-Hop: 1\r\n"
              "Keep-Alive: 1\r\nTE: trailers\r\nExpect: 100-continue\r\n"
              "User-Agent: a\r\nX-Stainless-OS: b\r\nX_Under: c\r\n"
              "Accept: */*\r\nContent-Type: application/json\r\n"
              "X-Own: d\r\nContent-Length: 2\r\n\r\n",
              30),
      "POST /base/x HTTP/1.1\r\nHost: up:8080\r\nAccept-Encoding: identity\r\n"
      "Content-Length: 30\r\nContent-Type: application/json\r\n"
      "X-Own: d\r\n\r\n");
}

TEST_F(RequestWriterTest, StreamedUploadIsChunkedByUs) {
  const std::string text = Forward(
      "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n", std::nullopt);
  EXPECT_TRUE(absl::StrContains(text, "\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_FALSE(absl::StrContains(text, "Content-Length"));
}

}  // namespace
}  // namespace holt::worker
