#include "supervisor/command_line.h"

#include <gtest/gtest.h>

#include <vector>

#include "absl/flags/reflection.h"
#include "common/testing/status_matchers.h"

namespace holt::supervisor {
namespace {

using testing::HasSubstr;

class ParseCommandLineTest : public testing::Test {
 protected:
  static absl::StatusOr<CommandLine> Parse(
      const std::vector<const char*>& arguments) {
    return ParseCommandLine(arguments);
  }

 private:
  absl::FlagSaver saver_;  // each test starts from the defaults
};

TEST_F(ParseCommandLineTest, NothingIsFine) {
  const auto line = Parse({});
  ASSERT_THAT(line, IsOk());
  EXPECT_EQ(line->config, "");
  EXPECT_FALSE(line->check_config);
}

TEST_F(ParseCommandLineTest, ValuesComeWithAnEqualsSignOrNext) {
  const auto line = Parse({"--config=a b", "--bin-dir", "/bin",
                           "--check-config", "--demo-upstream"});
  ASSERT_THAT(line, IsOk());
  EXPECT_EQ(line->config, "a b");
  EXPECT_EQ(line->bin_dir, "/bin");
  EXPECT_TRUE(line->check_config);
  EXPECT_TRUE(line->demo_upstream);
}

TEST_F(ParseCommandLineTest, HelpHasAShortName) {
  const auto line = Parse({"-h"});
  ASSERT_THAT(line, IsOk());
  EXPECT_TRUE(line->help);
}

TEST_F(ParseCommandLineTest, AMistypedFlagIsNamedWithTheOneMeant) {
  EXPECT_THAT(Parse({"--confg=x"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "unknown flag --confg; did you mean --config?"));
}

TEST_F(ParseCommandLineTest, WhatMakesNoSenseIsRefused) {
  EXPECT_THAT(Parse({"--zzz"}), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("--help lists")));
  EXPECT_THAT(Parse({"serve"}), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("\"serve\" is no flag")));
  EXPECT_THAT(Parse({"--config"}), StatusIs(absl::StatusCode::kInvalidArgument,
                                            HasSubstr("needs a value")));
  EXPECT_THAT(Parse({"--help=maybe"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no value for it")));
}

}  // namespace
}  // namespace holt::supervisor
