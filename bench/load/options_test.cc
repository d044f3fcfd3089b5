#include "bench/load/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "common/testing/status_matchers.h"

namespace holt::bench {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<LoadOptions> Read(std::vector<std::string> words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  return ReadOptions(pointers);
}

TEST(OptionsTest, ReadsAddressAndAmounts) {
  const auto options = Read({"--connections=64", "--requests=1000", "--stream",
                             "-o", "json", "https://127.0.0.1:8443"});
  ASSERT_THAT(options, IsOk());
  EXPECT_TRUE(options->tls);
  EXPECT_EQ(options->host, "127.0.0.1");
  EXPECT_EQ(options->port, 8443);
  EXPECT_EQ(options->connections, 64U);
  EXPECT_EQ(options->requests, 1000U);
  EXPECT_TRUE(options->stream);
  EXPECT_TRUE(options->json);
}

TEST(OptionsTest, DurationIsAnAmountToo) {
  const auto options = Read({"--duration=250ms", "http://localhost:80/"});
  ASSERT_THAT(options, IsOk());
  EXPECT_FALSE(options->tls);
  EXPECT_EQ(options->duration, absl::Milliseconds(250));
}

TEST(OptionsTest, NamesTheWordThatIsWrong) {
  for (const char* word :
       {"--connections=0", "--requests=-1", "--duration=soon", "--path=v1",
        "--output=xml", "--strean", "ftp://h:1", "http://h", "http://h:0",
        "http://h:65536", "https://:1"}) {
    EXPECT_THAT(Read({word, "--requests=1", "http://h:1"}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(word)));
  }
}

TEST(OptionsTest, AnAddressAndAnAmountAreNeeded) {
  EXPECT_THAT(Read({"--requests=1"}),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Read({"http://h:1"}),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Read({"http://h:1", "--requests=3", "--connections=4"}),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
}

TEST(OptionsTest, TheRequestSaysItsLength) {
  const auto options =
      Read({"--requests=1", "--stream", "--include-usage", "http://h:1"});
  ASSERT_THAT(options, IsOk());
  const auto request = BuildRequest(*options);
  ASSERT_THAT(request, IsOk());
  const std::string body = request->substr(request->find("\r\n\r\n") + 4);
  EXPECT_THAT(
      *request,
      HasSubstr("Content-Length: " + std::to_string(body.size()) + "\r\n"));
  EXPECT_THAT(body, HasSubstr("\"stream\":true"));
  EXPECT_THAT(body, HasSubstr("{\"include_usage\":true}"));
  EXPECT_FALSE(absl::StrContains(*request, "Authorization"));
}

TEST(OptionsTest, AMissingKeyFileIsSaid) {
  const auto options =
      Read({"--requests=1", "--key-file=/no/such/file", "http://h:1"});
  ASSERT_THAT(options, IsOk());
  EXPECT_FALSE(BuildRequest(*options).ok());
}

}  // namespace
}  // namespace holt::bench
