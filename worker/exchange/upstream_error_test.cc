#include "worker/exchange/upstream_error.h"

#include <gtest/gtest.h>

#include <string>

#include "worker/http/response_parser.h"

namespace holt::worker {
namespace {

struct ShapeCase {
  const char* body;
  bool shaped;
};

class ErrorShapeTest : public testing::TestWithParam<ShapeCase> {};

TEST_P(ErrorShapeTest, OnlyAnErrorObjectInAnObjectHasIt) {
  EXPECT_EQ(HasErrorShape(GetParam().body), GetParam().shaped);
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, ErrorShapeTest,
    testing::Values(ShapeCase{R"({"error":{"message":"m"}})", true},
                    ShapeCase{R"({"a":[1,{"b":2}], "error" : {"m":1}})", true},
                    ShapeCase{R"({"error":"text"})", false},
                    ShapeCase{R"({"detail":{"error":{}}})", false},
                    ShapeCase{R"({"error":{}} trailing)", false},
                    ShapeCase{R"([{"error":{}}])", false},
                    ShapeCase{"<html>", false}, ShapeCase{"", false}));

class UpstreamStatusTest : public testing::Test {
 protected:
  std::optional<Refusal> RefusalFor(const std::string& head) {
    parser_.Reset(Method::kPost);
    const auto step = parser_.Next(absl::MakeConstSpan(
        reinterpret_cast<const uint8_t*>(head.data()), head.size()));
    EXPECT_EQ(step.event, ResponseParser::Step::Event::kHead);
    return RefusalForUpstreamStatus(parser_.head());
  }
  ResponseParser parser_;
};

TEST_F(UpstreamStatusTest, OurCredentialsFaultIsNotTheCallers) {
  for (const char* status : {"401 Unauthorized", "403 Forbidden"}) {
    const auto refusal = RefusalFor(std::string("HTTP/1.1 ") + status +
                                    "\r\nContent-Length: 0\r\n\r\n");
    ASSERT_TRUE(refusal.has_value());
    EXPECT_EQ(refusal->status, 502);
  }
}

TEST_F(UpstreamStatusTest, RedirectsAreNotFollowed) {
  const auto refusal = RefusalFor(
      "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n"
      "Content-Length: 0\r\n\r\n");
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->status, 502);
}

TEST_F(UpstreamStatusTest, TheUpstreamsOwnLimitKeepsItsRetryAfter) {
  const auto refusal = RefusalFor(
      "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\n"
      "Content-Length: 0\r\n\r\n");
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->status, 429);
  EXPECT_EQ(refusal->retry.after_milliseconds, 7000u);
}

TEST_F(UpstreamStatusTest, SuccessAndOtherErrorsGoOn) {
  EXPECT_FALSE(RefusalFor("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(
      RefusalFor("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
}

TEST(NeutralUpstreamErrorTest, KeepsTheStatusAndSaysWhoseFaultItIs) {
  EXPECT_EQ(NeutralUpstreamError(404).status, 404);
  EXPECT_EQ(NeutralUpstreamError(404).type, ErrorType::kInvalidRequest);
  EXPECT_EQ(NeutralUpstreamError(503).type, ErrorType::kServerError);
}

}  // namespace
}  // namespace holt::worker
