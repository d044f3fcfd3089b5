#include "admin-service/cli/arguments.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace holt::admin::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

ParsedArguments Parse(const std::vector<std::string>& arguments) {
  return ParseArguments(arguments, kNow);
}

TEST(ArgumentsTest, CreateFillsTheRequest) {
  const ParsedArguments parsed =
      Parse({"keys", "create", "Field team", "--owner", "activist", "--expires",
             "30d", "--requests-per-minute", "20"});
  ASSERT_TRUE(parsed.options.has_value()) << parsed.text;
  const v1::ApiKey& key = parsed.options->create.api_key();
  EXPECT_EQ(key.display_name(), "Field team");
  EXPECT_EQ(key.owner_kind(), v1::ApiKey::OWNER_KIND_ACTIVIST);
  EXPECT_EQ(key.requests_per_window(), 20);
  EXPECT_EQ(key.expire_time().seconds(), 1'800'000'000 + 30 * 86'400);
}

TEST(ArgumentsTest, OptionsMayStandAnywhere) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"-o", "json", "keys", "list"},
           {"keys", "list", "-o", "json"},
           {"key", "--output=json", "list"}}) {
    const ParsedArguments parsed = Parse(arguments);
    ASSERT_TRUE(parsed.options.has_value()) << parsed.text;
    EXPECT_EQ(parsed.options->output, OutputFormat::kJson);
    EXPECT_EQ(parsed.options->command, Command::kKeysList);
  }
}

TEST(ArgumentsTest, UsageTimesFollowTheTimeZone) {
  const ParsedArguments parsed =
      Parse({"usage", "--since", "2027-01-15", "--time-zone", "Europe/Berlin",
             "--group-by", "day,key"});
  ASSERT_TRUE(parsed.options.has_value()) << parsed.text;
  const v1::QueryUsageRequest& usage = parsed.options->usage;
  EXPECT_EQ(usage.start_time().seconds(), 1'799'967'600);  // 23:00 UTC before
  EXPECT_THAT(
      usage.group_by(),
      testing::ElementsAre(v1::USAGE_GROUPING_DAY, v1::USAGE_GROUPING_API_KEY));
}

struct WrongCase {
  const char* name;
  std::vector<std::string> arguments;
  const char* says;
};

class WrongArgumentsTest : public testing::TestWithParam<WrongCase> {};

TEST_P(WrongArgumentsTest, AreExplained) {
  const ParsedArguments parsed = Parse(GetParam().arguments);
  EXPECT_FALSE(parsed.options.has_value());
  EXPECT_TRUE(parsed.is_error);
  EXPECT_THAT(parsed.text,
              AllOf(testing::StartsWith("error: "), HasSubstr(GetParam().says),
                    HasSubstr("--help")));
}

INSTANTIATE_TEST_SUITE_P(
    CommandLines, WrongArgumentsTest,
    testing::Values(
        WrongCase{"MisspeltNoun", {"kyes", "list"}, "Did you mean \"keys\"?"},
        WrongCase{"MisspeltVerb",
                  {"keys", "revok", "key_a"},
                  "Did you mean \"keys revoke\"?"},
        WrongCase{"NothingLikeIt", {"frobnicate"}, "no command"},
        WrongCase{"MisspeltAfterOptions",
                  {"--address", "/a/b", "stauts"},
                  "Did you mean \"status\"?"},
        WrongCase{"NoOwner", {"keys", "create", "a"}, "--owner is required"},
        WrongCase{"OtherOwner",
                  {"keys", "create", "a", "--owner", "robot"},
                  "--owner"},
        WrongCase{
            "BadExpiry",
            {"keys", "create", "a", "--owner", "activist", "--expires", "soon"},
            "30d"},
        WrongCase{"TooManyRequests",
                  {"keys", "create", "a", "--owner", "activist",
                   "--requests-per-window", "2000"},
                  "1024"},
        WrongCase{"NoKey", {"keys", "get"}, "KEY is required"},
        WrongCase{
            "BadGrouping", {"usage", "--group-by", "key,colour"}, "\"colour\""},
        WrongCase{"BadTimeZone", {"usage", "--time-zone", "Mars"}, "Mars"},
        WrongCase{"BadTimeout", {"status", "--timeout", "1"}, "span of time"},
        WrongCase{"FormatOfAnotherCommand",
                  {"keys", "list", "-o", "secret"},
                  "table or json or name"}),
    [](const auto& param_info) { return param_info.param.name; });

TEST(ArgumentsTest, TheVersionIsAFlagToo) {
  const ParsedArguments parsed = Parse({"--version"});
  ASSERT_TRUE(parsed.options.has_value()) << parsed.text;
  EXPECT_EQ(parsed.options->command, Command::kVersion);
}

TEST(ArgumentsTest, HelpShowsExamples) {
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"--help"},
                                             {"help"},
                                             {"keys", "create", "-h"},
                                             {"help", "keys", "create"}}) {
    const ParsedArguments parsed = Parse(arguments);
    EXPECT_FALSE(parsed.is_error);
    EXPECT_THAT(parsed.text, HasSubstr("holtctl keys create \"Field team\""));
  }
}

}  // namespace
}  // namespace holt::admin::cli
