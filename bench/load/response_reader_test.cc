#include "bench/load/response_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace holt::bench {
namespace {

using State = ResponseReader::State;

constexpr absl::string_view kWhole =
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
constexpr absl::string_view kStream =
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    "a\r\ndata: {}\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";

TEST(ResponseReaderTest, ReadsAWholeResponse) {
  ResponseReader reader;
  EXPECT_EQ(reader.Feed(kWhole), kWhole.size());
  EXPECT_EQ(reader.state(), State::kWhole);
  EXPECT_EQ(reader.response().status, 200);
  EXPECT_EQ(reader.response().body_bytes, 5U);
  EXPECT_EQ(reader.response().chunks, 0U);
  EXPECT_TRUE(reader.response().keep_alive);
}

TEST(ResponseReaderTest, CountsChunksAndEventsWhereverTheBytesAreCut) {
  for (size_t cut = 0; cut < kStream.size(); ++cut) {
    ResponseReader reader;
    reader.Feed(kStream.substr(0, cut));
    EXPECT_EQ(reader.state(), State::kReading) << "cut at " << cut;
    reader.Feed(kStream.substr(cut));
    EXPECT_EQ(reader.state(), State::kWhole) << "cut at " << cut;
    EXPECT_EQ(reader.response().chunks, 2U) << "cut at " << cut;
    EXPECT_EQ(reader.response().events.events(), 2U) << "cut at " << cut;
    EXPECT_TRUE(reader.response().events.is_done()) << "cut at " << cut;
  }
}

TEST(ResponseReaderTest, StopsBehindTheFirstOfTwoResponses) {
  ResponseReader reader;
  const std::string two = absl::StrCat(kWhole, kStream);
  EXPECT_EQ(reader.Feed(two), kWhole.size());
  EXPECT_EQ(reader.Feed(two), 0U) << "a whole response takes nothing more";
  reader.Next();
  EXPECT_EQ(reader.Feed(kStream), kStream.size());
  EXPECT_EQ(reader.state(), State::kWhole);
}

TEST(ResponseReaderTest, SeesThatTheServerCloses) {
  ResponseReader reader;
  reader.Feed(
      "HTTP/1.1 429 Too Many Requests\r\nconnection: close\r\n"
      "content-length: 0\r\n\r\n");
  EXPECT_EQ(reader.state(), State::kWhole);
  EXPECT_EQ(reader.response().status, 429);
  EXPECT_FALSE(reader.response().keep_alive);
}

TEST(ResponseReaderTest, WhatIsNoHttpIsBroken) {
  ResponseReader reader;
  reader.Feed("SSH-2.0-x\r\n");
  EXPECT_EQ(reader.state(), State::kBroken);
}

}  // namespace
}  // namespace holt::bench
