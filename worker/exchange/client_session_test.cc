#include "worker/exchange/client_session.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "worker/testing/gateway_fixture.h"

namespace holt::worker {
namespace {

constexpr char kChat[] = R"({"model":"m","messages":[]})";
constexpr char kStream[] = R"({"model":"m","stream":true,"messages":[]})";
constexpr char kAnswer[] =
    R"({"model":"m-1","choices":[],"usage":{"prompt_tokens":40,)"
    R"("completion_tokens":14,"total_tokens":54}})";

std::string Whole(absl::string_view body) {
  return absl::StrCat(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
      "Content-Length: ",
      body.size(), "\r\n\r\n", body);
}

std::string StreamHead() {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
         "Transfer-Encoding: chunked\r\n\r\n";
}

std::string Chunk(absl::string_view data) {
  return absl::StrCat(absl::Hex(data.size()), "\r\n", data, "\r\n");
}

class ClientSessionTest : public GatewayFixture {};

TEST_F(ClientSessionTest, AWholeAnswerIsRelayedAndMetered) {
  Peer client = Connect();
  client.Send(ChatRequest(kChat));
  Peer upstream = AwaitUpstream();
  const std::string& forwarded = upstream.AwaitText(kChat);
  EXPECT_TRUE(
      absl::StartsWith(forwarded, "POST /v1/chat/completions HTTP/1.1\r\n"));
  EXPECT_TRUE(absl::StrContains(forwarded, "Bearer upstream-credential\r\n"));
  EXPECT_FALSE(absl::StrContains(forwarded, "good"));
  EXPECT_EQ(open_records(), 1u);
  upstream.Send(Whole(kAnswer));
  client.AwaitText(kAnswer);
  EXPECT_TRUE(absl::StartsWith(client.received(), "HTTP/1.1 200 OK\r\n"));
  const auto records = Records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].key_number, 7u);
  EXPECT_EQ(records[0].total_tokens, 54u);
  EXPECT_EQ(records[0].outcome, UsageOutcome::kFinished);
  EXPECT_EQ(records[0].http_status, 200);
  EXPECT_EQ(ModelOf(records[0]), "m-1");
}

TEST_F(ClientSessionTest, ALongBodyArrivesWhole) {
  settings().max_body_size = size_t{8} << 20;
  const std::string body = absl::StrCat(R"({"model":"m","input":")",
                                        std::string(6'000'000, 'x'), "\"}");
  Peer client = Connect();
  client.Send(ChatRequest(body));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText("xx\"}");
  EXPECT_TRUE(absl::StrContains(upstream.received(), body));
}

TEST_F(ClientSessionTest, AnErrorTooLongToReadIsReplacedWithoutAHole) {
  Peer client = Connect();
  client.Send(ChatRequest(kChat));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText(kChat);
  const std::string body = absl::StrCat(R"({"error":{"message":")",
                                        std::string(100'000, 'x'), R"("}})");
  upstream.Send(absl::StrCat(
      "HTTP/1.1 422 Nope\r\nContent-Length: ", body.size(), "\r\n\r\n", body));
  client.AwaitText("The upstream answered with the error 422");
  EXPECT_FALSE(absl::StrContains(client.received(), "xxxx"));
}

TEST_F(ClientSessionTest, BothSidesAreKeptAlive) {
  Peer client = Connect();
  client.Send(ChatRequest(kChat));
  Peer upstream = AwaitUpstream();
  for (int i = 0; i < 3; ++i) {
    upstream.AwaitText(kChat);
    upstream.Forget();
    upstream.Send(Whole(kAnswer));
    client.AwaitText(kAnswer);
    client.Forget();
    if (i < 2) client.Send(ChatRequest(kChat));
  }
  EXPECT_EQ(dials(), 1);
  EXPECT_EQ(Records().size(), 3u);
}

TEST_F(ClientSessionTest, PipelinedRequestsAreAnsweredInOrder) {
  Peer client = Connect();
  client.Send(absl::StrCat(ChatRequest(kChat), ChatRequest(kChat)));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText(kChat);
  upstream.Forget();
  upstream.Send(Whole(R"({"first":1})"));
  client.AwaitText(R"({"first":1})");
  TurnUntil([&] {
    upstream.Poll();
    return absl::StrContains(upstream.received(), kChat);
  });
  upstream.Send(Whole(R"({"second":2})"));
  client.AwaitText(R"({"second":2})");
}

TEST_F(ClientSessionTest, AStreamedPieceLeavesBeforeTheNextComes) {
  Peer client = Connect();
  client.Send(ChatRequest(kStream));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText("include_usage");
  upstream.Send(StreamHead());
  for (const char* word : {"one", "two", "three"}) {
    const std::string event = absl::StrCat("data: {\"c\":\"", word, "\"}\n\n");
    upstream.Send(Chunk(event));
    client.AwaitText(event);
  }
  upstream.Send(Chunk("data: [DONE]\n\n"));
  upstream.Send("0\r\n\r\n");
  client.AwaitText("0\r\n\r\n");
}

TEST_F(ClientSessionTest, UsageThatOnlyHoltAskedForIsTakenOutAgain) {
  Peer client = Connect();
  client.Send(ChatRequest(kStream));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText(R"("stream_options":{"include_usage":true})");
  upstream.Send(StreamHead());
  upstream.Send(Chunk("data: {\"choices\":[{}],\"usage\":null}\n\n"));
  upstream.Send(
      Chunk("data: {\"model\":\"m-1\",\"choices\":[],\"usage\":{"
            "\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n"));
  upstream.Send(Chunk("data: [DONE]\n\n") + "0\r\n\r\n");
  client.AwaitText("0\r\n\r\n");
  EXPECT_FALSE(absl::StrContains(client.received(), "usage"));
  EXPECT_TRUE(absl::StrContains(client.received(), "[DONE]"));
  const auto records = Records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].total_tokens, 7u);
  EXPECT_EQ(records[0].streamed, 1);
}

TEST_F(ClientSessionTest, UsageTheClientAskedForStays) {
  Peer client = Connect();
  client.Send(ChatRequest(
      R"({"model":"m","stream":true,"stream_options":{"include_usage":true}})"));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText("include_usage");
  upstream.Send(StreamHead());
  const std::string usage =
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,"
      "\"completion_tokens\":4,\"total_tokens\":7}}\n\n";
  upstream.Send(Chunk(usage) + Chunk("data: [DONE]\n\n") + "0\r\n\r\n");
  client.AwaitText(usage);
  client.AwaitText("0\r\n\r\n");
  ASSERT_EQ(Records().size(), 1u);
  EXPECT_EQ(Records()[0].total_tokens, 7u);
}

TEST_F(ClientSessionTest, AStreamThatTheUpstreamCutsEndsWithAnError) {
  Peer client = Connect();
  client.Send(ChatRequest(kStream));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText("include_usage");
  upstream.Send(StreamHead() + Chunk("data: {\"c\":\"half\"}\n\n"));
  client.AwaitText("half");
  upstream.Close();
  client.AwaitText("data: {\"error\":");
  client.AwaitEnd();
  TurnUntil([this] { return !Records().empty(); });
  EXPECT_EQ(Records()[0].outcome, UsageOutcome::kCut);
}

TEST_F(ClientSessionTest, AWholeAnswerThatIsCutIsNeverTakenForWhole) {
  Peer client = Connect();
  client.Send(ChatRequest(kChat));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText(kChat);
  upstream.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":");
  client.AwaitText("half");
  upstream.Close();
  EXPECT_FALSE(client.AwaitEnd()) << "an orderly end";
  ASSERT_EQ(Records().size(), 1u);
  EXPECT_EQ(Records()[0].outcome, UsageOutcome::kCut);
}

TEST_F(ClientSessionTest, AnUpstreamThatDiesBeforeItAnswersIsA502) {
  Peer client = Connect();
  client.Send(ChatRequest(kChat));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText(kChat);
  upstream.Close();
  client.AwaitText("\"code\":\"upstream_error\"");
  EXPECT_TRUE(absl::StartsWith(client.received(), "HTTP/1.1 502 "));
}

TEST_F(ClientSessionTest, AnUpstreamThatCannotBeReachedIsA502AndNotOnRecord) {
  FailNextDial(DialStatus::kRefused);
  Peer client = Connect();
  client.Send(ChatRequest(kChat));
  TurnUntil([&] {
    client.Poll();
    return absl::StrContains(client.received(), "upstream_error");
  });
  EXPECT_TRUE(absl::StartsWith(client.received(), "HTTP/1.1 502 "));
  EXPECT_TRUE(Records().empty());
  EXPECT_EQ(open_records(), 0u);
}

TEST_F(ClientSessionTest, AClientThatLeavesStopsTheUpstream) {
  Peer client = Connect();
  client.Send(ChatRequest(kStream));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText("include_usage");
  upstream.Send(StreamHead() + Chunk("data: {\"c\":\"half\"}\n\n"));
  client.AwaitText("half");
  client.Close();
  upstream.AwaitEnd();
  ASSERT_EQ(Records().size(), 1u);
  EXPECT_EQ(Records()[0].outcome, UsageOutcome::kAborted);
  EXPECT_EQ(sessions(), 0u);
}

TEST_F(ClientSessionTest, ARefusedRequestForwardsNothing) {
  Peer client = Connect();
  client.Send("GET /v1/models HTTP/1.1\r\nHost: a\r\nX-API-Key: bad\r\n\r\n");
  client.AwaitText("invalid_api_key");
  EXPECT_TRUE(absl::StartsWith(client.received(), "HTTP/1.1 401 "));
  client.Forget();
  client.Send("GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n");
  client.AwaitText("Missing API key");
  for (int i = 0; i < 10; ++i) Turn();
  EXPECT_EQ(dials(), 0);
  EXPECT_EQ(open_records(), 0u);
}

TEST_F(ClientSessionTest, ARefusalWithABodyStillComingClosesInOrder) {
  Peer client = Connect();
  client.Send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-API-Key: bad\r\n"
      "Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{");
  client.AwaitText("invalid_api_key");
  client.Send(std::string(500'000, ' '));
  EXPECT_TRUE(absl::StrContains(client.received(), "onnection: close"));
  EXPECT_TRUE(client.AwaitEnd());
}

TEST_F(ClientSessionTest, ContinueComesOnlyToTheAdmitted) {
  const std::string rest =
      "Content-Type: application/json\r\nContent-Length: 27\r\n"
      "Expect: 100-continue\r\n\r\n";
  Peer refused = Connect();
  refused.Send("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n" + rest);
  refused.AwaitText("401");
  EXPECT_FALSE(absl::StrContains(refused.received(), "100 Continue"));
  Peer admitted = Connect();
  admitted.Send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-API-Key: good\r\n" +
      rest);
  admitted.AwaitText("HTTP/1.1 100 Continue\r\n\r\n");
}

TEST_F(ClientSessionTest, MalformedJsonIsRefusedBeforeAnythingIsForwarded) {
  Peer client = Connect();
  client.Send(ChatRequest(R"({"model":"m","model":"n"})"));
  client.AwaitText("\"error\"");
  EXPECT_TRUE(absl::StartsWith(client.received(), "HTTP/1.1 400 "));
  EXPECT_EQ(dials(), 0);
}

TEST_F(ClientSessionTest, AmbiguousFramingIsRefusedAndTheConnectionClosed) {
  Peer client = Connect();
  client.Send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\n"
      "Host: a\r\n\r\n");
  client.AwaitText("HTTP/1.1 400 ");
  client.AwaitEnd();
  EXPECT_FALSE(absl::StrContains(client.received(), "healthy"));
}

TEST_F(ClientSessionTest, ABodyOverTheLimitIs413) {
  settings().max_body_size = 100;
  Peer client = Connect();
  client.Send(ChatRequest(std::string(200, ' ')));
  client.AwaitText("request_too_large");
  EXPECT_TRUE(absl::StartsWith(client.received(), "HTTP/1.1 413 "));
}

TEST_F(ClientSessionTest, HealthNeedsNoKey) {
  Peer client = Connect();
  client.Send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
  client.AwaitText(R"({"status":"healthy"})");
}

TEST_F(ClientSessionTest, UnknownAndWrongMethodAreToldApart) {
  Peer client = Connect();
  client.Send("POST /chat/completions HTTP/1.1\r\nHost: a\r\n\r\n");
  client.AwaitText("/v1/chat/completions");
  EXPECT_TRUE(absl::StartsWith(client.received(), "HTTP/1.1 404 "));
  client.Forget();
  client.Send("GET /v1/chat/completions HTTP/1.1\r\nHost: a\r\n\r\n");
  client.AwaitText("method_not_allowed");
  EXPECT_TRUE(absl::StartsWith(client.received(), "HTTP/1.1 405 "));
  EXPECT_TRUE(absl::StrContains(client.received(), "llow: POST"));
}

TEST_F(ClientSessionTest, AFullJournalRefusesRatherThanServeUnaccounted) {
  Peer client = Connect();
  client.Send(ChatRequest(kChat));
  Peer upstream = AwaitUpstream();
  for (uint32_t i = 0; i < kJournalCapacity; ++i) {
    upstream.AwaitText(kChat);
    upstream.Forget();
    upstream.Send(Whole(kAnswer));
    client.AwaitText(kAnswer);
    client.Forget();
    client.Send(ChatRequest(kChat));
  }
  client.AwaitText("\"error\"");
  EXPECT_TRUE(absl::StartsWith(client.received(), "HTTP/1.1 503 "));
  EXPECT_TRUE(absl::StrContains(client.received(), "etry-"));
}

TEST_F(ClientSessionTest, ASlowReaderHoldsTheUpstreamBack) {
  Peer client = Connect();
  client.Send(ChatRequest(kStream));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText("include_usage");
  upstream.Send(StreamHead());
  const std::string event =
      absl::StrCat("data: {\"c\":\"", std::string(60'000, 'x'), "\"}\n\n");
  // The client reads nothing: kernel buffers fill, then ours up to their mark.
  for (int i = 0; i < 400; ++i) {
    if (counters().reads_paused.load() > 0) break;
    upstream.Send(Chunk(event));
    Turn();
  }
  EXPECT_GT(counters().reads_paused.load(), 0u);
  EXPECT_LT(buffered_bytes(), size_t{2} << 20);
  // It reads again, and everything comes.
  TurnUntil([&] {
    client.Poll();
    client.Forget();
    return buffered_bytes() < 64 * 1024;
  });
  upstream.Send(Chunk("data: [DONE]\n\n") + "0\r\n\r\n");
  client.AwaitText("[DONE]");
}

TEST_F(ClientSessionTest, NothingIsKeptAfterTheAnswer) {
  Peer client = Connect();
  client.Send(ChatRequest(kChat));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText(kChat);
  upstream.Send(Whole(kAnswer));
  client.AwaitText(kAnswer);
  Turn();
  EXPECT_EQ(buffered_bytes(), 0u);
}

TEST_F(ClientSessionTest, DrainingEndsIdleConnectionsAndLetsRequestsFinish) {
  Peer idle = Connect();
  Peer busy = Connect();
  busy.Send(ChatRequest(kChat));
  Peer upstream = AwaitUpstream();
  upstream.AwaitText(kChat);
  Drain();
  idle.AwaitEnd();
  upstream.Send(Whole(kAnswer));
  busy.AwaitText(kAnswer);
  EXPECT_TRUE(absl::StrContains(busy.received(), "onnection: close"));
  EXPECT_TRUE(busy.AwaitEnd());
}

TEST_F(ClientSessionTest, AnOldClientGetsAPlainAnswerAndTheEnd) {
  Peer client = Connect();
  client.Send("GET /v1/models HTTP/1.0\r\nX-API-Key: good\r\n\r\n");
  Peer upstream = AwaitUpstream();
  upstream.AwaitText("GET /v1/models HTTP/1.1\r\n");
  upstream.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                Chunk("{\"data\":[]}") + "0\r\n\r\n");
  client.AwaitText("{\"data\":[]}");
  EXPECT_TRUE(client.AwaitEnd());
  EXPECT_FALSE(absl::StrContains(client.received(), "hunked"));
}

}  // namespace
}  // namespace holt::worker
