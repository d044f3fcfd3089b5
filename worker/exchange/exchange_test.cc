#include "worker/exchange/exchange.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "worker/testing/gateway_fixture.h"

namespace holt::worker {
namespace {

constexpr char kChat[] = R"({"model":"m","messages":[]})";
constexpr char kStream[] = R"({"model":"m","stream":true,"messages":[]})";
constexpr char kStreamHead[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";

std::string Chunk(absl::string_view data) {
  return absl::StrCat(absl::Hex(data.size()), "\r\n", data, "\r\n");
}

class ExchangeTest : public GatewayFixture {};

TEST_F(ExchangeTest, AnAnswerUntilTheCloseIsWholeOnlyAfterAnOrderlyEnd) {
  Peer client = Connect();
  client.Send(ChatRequest(kChat));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText(kChat);
  upstream.Send("HTTP/1.1 200 OK\r\n\r\n{\"half\":");
  client.AwaitText("half");
  upstream.ResetConnection();
  EXPECT_FALSE(client.AwaitEnd()) << "an orderly end";
  ASSERT_EQ(Records().size(), 1u);
  EXPECT_EQ(Records()[0].outcome, UsageOutcome::kCut);
}

TEST_F(ExchangeTest, AnAnswerUntilTheCloseEndsWithTheUpstreamsEnd) {
  Peer client = Connect();
  client.Send(ChatRequest(kChat));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText(kChat);
  upstream.Send("HTTP/1.1 200 OK\r\n\r\n{\"whole\":1}");
  client.AwaitText("whole");
  upstream.Close();
  client.AwaitText("\r\n0\r\n\r\n");
  ASSERT_EQ(Records().size(), 1u);
  EXPECT_EQ(Records()[0].outcome, UsageOutcome::kFinished);
}

TEST_F(ExchangeTest, AQuietStreamGetsCommentsFromItsHeadOn) {
  settings().keep_alive_comment = 20;
  Peer client = Connect();
  client.Send(ChatRequest(kStream));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText("include_usage");
  upstream.Send(kStreamHead);
  client.AwaitText(": keep-alive\n\n");
}

TEST_F(ExchangeTest, AnUpstreamThatGoesSilentInItsAnswerIsCut) {
  settings().upstream_gap_timeout = 50;
  Peer client = Connect();
  client.Send(ChatRequest(kStream));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText("include_usage");
  upstream.Send(kStreamHead);
  client.AwaitText("upstream_timeout");
  ASSERT_EQ(Records().size(), 1u);
  EXPECT_EQ(Records()[0].outcome, UsageOutcome::kCut);
}

TEST_F(ExchangeTest, ASlowClientIsNotTheUpstreamsSilence) {
  settings().upstream_gap_timeout = 300;
  Peer client = Connect();
  client.Send(ChatRequest(kStream));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText("include_usage");
  upstream.Send(kStreamHead);
  const std::string event = Chunk(
      absl::StrCat("data: {\"c\":\"", std::string(60'000, 'x'), "\"}\n\n"));
  while (counters().reads_paused.load() == 0) {
    upstream.Send(event);
    Turn();
  }
  const int64_t later = loop_->now_nanos() + int64_t{700'000'000};
  TurnUntil([&] { return loop_->now_nanos() > later; });
  EXPECT_TRUE(Records().empty());
  upstream.Send(Chunk("data: [DONE]\n\n") + "0\r\n\r\n");
  client.AwaitText("\r\n0\r\n\r\n");
  EXPECT_FALSE(absl::StrContains(client.received(), "upstream_timeout"));
}

TEST_F(ExchangeTest, AnAnswerThatOnlyTheCloseEndsIsFollowedByIt) {
  Peer client = Connect();
  client.Send(
      "GET /v1/models HTTP/1.0\r\nConnection: keep-alive\r\n"
      "X-API-Key: good\r\n\r\n");
  Peer upstream = AwaitUpstream();
  upstream.AwaitText("GET /v1/models HTTP/1.1\r\n");
  upstream.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                Chunk("{\"data\":[]}") + "0\r\n\r\n");
  client.AwaitText("{\"data\":[]}");
  EXPECT_TRUE(client.AwaitEnd());
}

TEST_F(ExchangeTest, ARequestThatWasNeverSentIsNotOnRecord) {
  settings().upstream_head_timeout = 30;
  Peer client = Connect();
  client.Send(ChatRequest(kChat));
  // Nobody answers the dial.
  client.AwaitText("HTTP/1.1 504 ");
  EXPECT_TRUE(Records().empty());
  EXPECT_EQ(open_records(), 0u);
}

TEST_F(ExchangeTest, ACodedStreamIsPassedThroughUnread) {
  Peer client = Connect();
  client.Send(ChatRequest(kStream));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText("include_usage");
  upstream.Send(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
      "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" +
      Chunk("\x1f\x8b gzip") + "0\r\n\r\n");
  client.AwaitText("\r\n0\r\n\r\n");
  EXPECT_FALSE(absl::StrContains(client.received(), "error"));
  ASSERT_EQ(Records().size(), 1u);
  EXPECT_EQ(Records()[0].outcome, UsageOutcome::kFinished);
}

// More answers than the sockets between take when nobody reads.
constexpr int kLongPipeline = 30'000;

std::string HealthPipeline() {
  std::string pipeline;
  for (int i = 0; i < kLongPipeline; ++i) {
    absl::StrAppend(&pipeline, "GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  return pipeline;
}

TEST_F(ExchangeTest, DrainingLetsAnAnswerThatIsStillBeingSentArrive) {
  settings().max_requests_per_connection = kLongPipeline + 1;
  Peer client = Connect();
  client.Send(HealthPipeline());
  for (int i = 0; i < 200; ++i) Turn();
  ASSERT_GT(buffered_bytes(), 0u);
  Drain();
  EXPECT_TRUE(client.AwaitEnd());
  EXPECT_TRUE(absl::EndsWith(client.received(), R"({"status":"healthy"})"));
}

TEST_F(ExchangeTest, APipelineWaitsForAClientThatReadsNothing) {
  settings().max_requests_per_connection = kLongPipeline + 1;
  Peer client = Connect();
  client.Send(HealthPipeline());
  for (int i = 0; i < 200; ++i) Turn();
  EXPECT_LT(buffered_bytes(), size_t{1} << 20);
  // It reads again, and all answers come.
  client.Send("GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(client.AwaitEnd());
  EXPECT_TRUE(absl::StrContains(client.received(), "HTTP/1.1 404 "));
}

}  // namespace
}  // namespace holt::worker
