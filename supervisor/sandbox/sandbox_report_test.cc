#include "supervisor/sandbox/sandbox_report.h"

#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace holt::supervisor {
namespace {

using ::testing::HasSubstr;

TEST(SandboxLevelTest, MinimumIsHeld) {
  SandboxReport report;
  report.level = SandboxLevel::kBaseline;
  report.missing = "no Landlock";
  EXPECT_THAT(RequireSandbox(report, SandboxLevel::kBaseline), IsOk());
  EXPECT_THAT(RequireSandbox(report, SandboxLevel::kFull),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("gives baseline: no Landlock")));
}

TEST(SandboxLevelTest, NamesAreThoseOfTheConfiguration) {
  for (const auto* name : {"none", "baseline", "full"}) {
    const auto level = ParseSandboxLevel(name);
    ASSERT_THAT(level, IsOk());
    EXPECT_EQ(NameOf(*level), name);
  }
  EXPECT_THAT(ParseSandboxLevel("most"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("full, baseline or none")));
}

TEST(SandboxLevelTest, ReportSaysWhatIsMissing) {
  const SandboxReport report = ProbeSandbox();
  EXPECT_EQ(report.level == SandboxLevel::kNone, !report.seccomp);
  EXPECT_EQ(report.missing.empty(), report.landlock_abi >= 6);
}

}  // namespace
}  // namespace holt::supervisor
