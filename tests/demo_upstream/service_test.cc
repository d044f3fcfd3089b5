#include "tests/demo_upstream/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace holt::demo {
namespace {

using testing::HasSubstr;
using testing::Not;

class ServiceTest : public testing::Test {
 protected:
  // Everything the demo writes for a request, up to its end.
  std::string Get(std::string target) {
    HttpRequest request;
    request.method = "GET";
    request.target = std::move(target);
    return Written(request);
  }
  std::string Post(std::string target, std::string body,
                   std::string controls = "") {
    HttpRequest request;
    request.method = "POST";
    request.target = std::move(target);
    request.headers.emplace_back("x-demo", std::move(controls));
    request.body = std::move(body);
    return Written(request);
  }
  std::string Chat(std::string members, std::string controls = "") {
    return Post("/v1/chat/completions", "{" + std::move(members) + "}",
                std::move(controls));
  }
  std::string Written(const HttpRequest& request) {
    const std::unique_ptr<Answer> answer = service_.Handle(request);
    std::string out;
    do {
      then_ = answer->Produce(out);
    } while (then_ == Answer::Then::kMore);
    if (then_ == Answer::Then::kEnd) answer->OnDelivered();
    return out;
  }

  FakeClock clock_;
  Service service_{clock_};
  Answer::Then then_ = Answer::Then::kMore;
};

constexpr char kPlain[] =
    R"("model":"holt-demo","messages":[{"role":"user","content":"12345"}])";
constexpr char kStreamed[] =
    R"("model":"holt-demo","stream":true,)"
    R"("messages":[{"role":"user","content":"12345"}])";

TEST_F(ServiceTest, WholeAnswerSaysItsTrueLength) {
  const std::string written = Chat(kPlain);
  const size_t head = written.find("\r\n\r\n");
  ASSERT_NE(head, std::string::npos);
  EXPECT_THAT(written,
              HasSubstr("content-length: " +
                        std::to_string(written.size() - head - 4) + "\r\n"));
  EXPECT_THAT(written, HasSubstr("\"role\":\"assistant\""));
  EXPECT_THAT(written, HasSubstr("\"finish_reason\":\"stop\""));
}

TEST_F(ServiceTest, WholeAnswerHasUsageAndTheStatsAgree) {
  const std::string written = Chat(kPlain, "chunks:9");
  EXPECT_THAT(written, HasSubstr("\"usage\":{\"prompt_tokens\":2,"
                                 "\"completion_tokens\":9,"
                                 "\"total_tokens\":11}"));
  EXPECT_EQ(service_.stats().finished, 1u);
  EXPECT_EQ(service_.stats().prompt_tokens, 2u);
  EXPECT_EQ(service_.stats().completion_tokens, 9u);
}

TEST_F(ServiceTest, StreamHasRoleFinishAndDoneButNoUsageUnasked) {
  const std::string written = Chat(kStreamed);
  EXPECT_THAT(written, HasSubstr("data: {\"id\":\"chatcmpl-demo-1\""));
  EXPECT_THAT(written, HasSubstr("\"delta\":{\"role\":\"assistant\""));
  EXPECT_THAT(written, HasSubstr("\"finish_reason\":\"stop\""));
  EXPECT_THAT(written, HasSubstr("data: [DONE]\n\n\r\n0\r\n\r\n"));
  EXPECT_THAT(written, Not(HasSubstr("\"usage\"")));
}

TEST_F(ServiceTest, StreamHasUsageWhenAsked) {
  const std::string written = Chat(
      std::string(kStreamed) + R"(,"stream_options":{"include_usage":true})");
  EXPECT_THAT(written, HasSubstr("\"usage\":null"));
  EXPECT_THAT(written, HasSubstr("\"choices\":[],\"usage\":{"));
}

TEST_F(ServiceTest, MaxTokensEndsTheAnswerEarly) {
  const std::string written = Chat(std::string(kPlain) + R"(,"max_tokens":3)");
  EXPECT_THAT(written, HasSubstr("\"finish_reason\":\"length\""));
  EXPECT_THAT(written, HasSubstr("\"completion_tokens\":3,"));
}

TEST_F(ServiceTest, CutComesAfterTheAskedPieces) {
  const std::string written = Chat(kStreamed, "cut:reset/cut-after:2");
  EXPECT_EQ(then_, Answer::Then::kReset);
  EXPECT_THAT(written, Not(HasSubstr("[DONE]")));
  EXPECT_EQ(service_.stats().cut, 1u);
  EXPECT_EQ(service_.stats().finished, 0u);
  EXPECT_EQ(service_.stats().abandoned, 0u);
}

TEST_F(ServiceTest, AWholeAnswerLeavesAtOnceUnlessItHasToWait) {
  HttpRequest request;
  request.method = "POST";
  request.target = "/v1/chat/completions";
  request.body = std::string("{") + kPlain + "}";
  std::string out;
  EXPECT_EQ(service_.Handle(request)->Produce(out), Answer::Then::kEnd);
  request.headers.emplace_back("x-demo", "delay:1");
  EXPECT_EQ(service_.Handle(request)->Produce(out), Answer::Then::kMore);
}

TEST_F(ServiceTest, AnAnswerLeftHalfWayIsAbandoned) {
  HttpRequest request;
  request.method = "POST";
  request.target = "/v1/chat/completions";
  request.body = std::string("{") + kPlain + "}";
  std::string out;
  service_.Handle(request)->Produce(out);
  EXPECT_EQ(service_.stats().abandoned, 1u);
}

TEST_F(ServiceTest, ErrorHasTheAskedStatusAndWait) {
  const std::string written = Chat(kPlain, "status:429/retry-after:7");
  EXPECT_THAT(written, HasSubstr("HTTP/1.1 429 "));
  EXPECT_THAT(written, HasSubstr("retry-after: 7\r\n"));
  EXPECT_THAT(written, HasSubstr("\"code\":\"rate_limit_exceeded\""));
}

TEST_F(ServiceTest, ControlsMayStandBehindTheModel) {
  const std::string written =
      Chat(R"("model":"holt-demo/mirror","messages":[{"content":"abc"}])");
  EXPECT_THAT(written, HasSubstr("\"content\":\"cba\""));
  EXPECT_THAT(written, HasSubstr("\"model\":\"holt-demo\""));
}

TEST_F(ServiceTest, UnknownModelsPathsAndControlsAreRefused) {
  EXPECT_THAT(Chat(R"("model":"other")"), HasSubstr("HTTP/1.1 404 "));
  EXPECT_THAT(Get("/nowhere"), HasSubstr("HTTP/1.1 404 "));
  EXPECT_THAT(Chat(kPlain, "nonsense"), HasSubstr("HTTP/1.1 400 "));
  EXPECT_EQ(service_.stats().refused, 3u);
}

TEST_F(ServiceTest, ModelsAreListedAndFound) {
  EXPECT_THAT(Get("/v1/models"), HasSubstr("\"id\":\"holt-demo\""));
  EXPECT_THAT(Get("/v1/models/holt-demo"), HasSubstr("HTTP/1.1 200 "));
  EXPECT_THAT(Get("/v1/models/other"), HasSubstr("HTTP/1.1 404 "));
}

TEST_F(ServiceTest, CompletionsSpeakTheirOwnDialect) {
  const std::string written =
      Post("/v1/completions", R"({"model":"holt-demo","prompt":"a"})");
  EXPECT_THAT(written, HasSubstr("\"object\":\"text_completion\""));
  EXPECT_THAT(written, HasSubstr("\"text\":\""));
}

TEST_F(ServiceTest, EmbeddingsComeInBothEncodings) {
  EXPECT_THAT(Post("/v1/embeddings",
                   R"({"model":"holt-demo-embedding","input":["a","b"]})"),
              HasSubstr("\"index\":1,\"embedding\":["));
  EXPECT_THAT(
      Post("/v1/embeddings", R"({"model":"holt-demo-embedding","input":"a",)"
                             R"("encoding_format":"base64"})"),
      HasSubstr("\"embedding\":\""));
  EXPECT_EQ(service_.stats().finished, 2u);
}

}  // namespace
}  // namespace holt::demo
