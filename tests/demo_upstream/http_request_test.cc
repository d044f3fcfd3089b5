#include "tests/demo_upstream/http_request.h"

#include <gtest/gtest.h>

namespace holt::demo {
namespace {

constexpr absl::string_view kPost =
    "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-Demo: chunks:1\r\n"
    "Content-Length: 4\r\n\r\n{  }";

TEST(RequestParser, ReadsByteByByte) {
  BodyBudget budget;
  RequestParser parser(budget);
  for (const char byte : kPost) {
    ASSERT_EQ(parser.state(), RequestParser::State::kReading);
    EXPECT_EQ(parser.Feed(absl::string_view(&byte, 1)), 1u);
  }
  ASSERT_EQ(parser.state(), RequestParser::State::kWhole);
  EXPECT_EQ(parser.request().method, "POST");
  EXPECT_EQ(parser.request().target, "/v1/chat/completions");
  EXPECT_EQ(parser.request().Header("x-demo"), "chunks:1");
  EXPECT_EQ(parser.request().body, "{  }");
  EXPECT_TRUE(parser.request().keep_alive);
}

TEST(RequestParser, StopsAtTheEndOfARequestAndGoesOn) {
  BodyBudget budget;
  RequestParser parser(budget);
  const std::string two = std::string(kPost) + std::string(kPost);
  EXPECT_EQ(parser.Feed(two), kPost.size());
  EXPECT_EQ(parser.Feed("more"), 0u);
  parser.Next();
  EXPECT_EQ(parser.Feed(absl::string_view(two).substr(kPost.size())),
            kPost.size());
  EXPECT_EQ(parser.state(), RequestParser::State::kWhole);
}

TEST(RequestParser, ChunkedBodyIsJoined) {
  BodyBudget budget;
  RequestParser parser(budget);
  parser.Feed(
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n");
  ASSERT_EQ(parser.state(), RequestParser::State::kWhole);
  EXPECT_EQ(parser.request().body, "abcde");
}

TEST(RequestParser, ConnectionCloseIsSeen) {
  BodyBudget budget;
  RequestParser parser(budget);
  parser.Feed("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  ASSERT_EQ(parser.state(), RequestParser::State::kWhole);
  EXPECT_FALSE(parser.request().keep_alive);
}

TEST(RequestParser, WhatIsNoRequestIsRefused) {
  BodyBudget budget;
  RequestParser garbage(budget);
  garbage.Feed("\x16\x03\x01\x02");
  EXPECT_EQ(garbage.state(), RequestParser::State::kRefused);
  RequestParser huge(budget);
  huge.Feed("GET / HTTP/1.1\r\nX: " + std::string(70'000, 'a'));
  EXPECT_EQ(huge.state(), RequestParser::State::kRefused);
}

TEST(RequestParser, BodiesShareABudgetAndGiveItBack) {
  BodyBudget budget{.left = 6};
  {
    RequestParser first(budget);
    first.Feed(kPost);
    EXPECT_EQ(budget.left, 2u);
    RequestParser second(budget);
    second.Feed(kPost);
    EXPECT_EQ(second.state(), RequestParser::State::kRefused);
  }
  EXPECT_EQ(budget.left, 6u);
}

}  // namespace
}  // namespace holt::demo
