#include "common/base/log.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

namespace holt {
namespace {

// The compile-time half: what may hold content does not convert to what a line
// takes.
static_assert(!std::is_convertible_v<std::string, Word>);
static_assert(!std::is_convertible_v<absl::string_view, Word>);
static_assert(!std::is_convertible_v<const char*, Word>);
static_assert(!std::is_convertible_v<std::string, OperatorText>);
static_assert(!std::is_convertible_v<std::string, SafeId>);
static_assert(!std::is_convertible_v<const char*, OperatorText>);

TEST(LogTest, OneEventIsOneLine) {
  testing::internal::CaptureStderr();
  InitLog("tester");
  Log(Severity::kInfo, "thing_done").Number("count", 3).Name("why", "asked");
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_NE(line.find(" info tester["), std::string::npos);
  EXPECT_NE(line.find("] thing_done count=3 why=asked\n"), std::string::npos);
}

TEST(LogTest, SeverityBelowTheLeastIsSilent) {
  testing::internal::CaptureStderr();
  InitLog("tester", Severity::kWarning);
  Log(Severity::kInfo, "thing_done").Number("count", 3);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  InitLog("tester");
}

TEST(LogTest, AStatusShowsItsCodeAndNotItsMessage) {
  testing::internal::CaptureStderr();
  Log(Severity::kError, "failed")
      .Code("code", absl::InternalError("the witness said"));
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_NE(line.find("code=INTERNAL"), std::string::npos);
  EXPECT_EQ(line.find("witness"), std::string::npos);
}

TEST(LogTest, AnIdThatIsNoneIsNotRepeated) {
  EXPECT_EQ(SafeId("req_12-a.B").text(), "req_12-a.B");
  EXPECT_EQ(SafeId("a b").text(), "invalid");
  EXPECT_EQ(SafeId("").text(), "invalid");
  EXPECT_EQ(SafeId(std::string(65, 'a')).text(), "invalid");
}

TEST(LogTest, OperatorTextCannotForgeALine) {
  testing::internal::CaptureStderr();
  Log(Severity::kInfo, "opened").Text("path", OperatorText("a\nb\"c"));
  EXPECT_NE(
      testing::internal::GetCapturedStderr().find("path=\"a\\x0ab\\x22c\"\n"),
      std::string::npos);
}

TEST(LogTest, AnOverlongLineIsCutAndEnds) {
  testing::internal::CaptureStderr();
  {
    Log line(Severity::kInfo, "opened");
    for (int i = 0; i < 10; ++i) {
      line.Text("path", OperatorText(std::string(500, 'x')));
    }
  }
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_LE(line.size(), 1024u);
  EXPECT_EQ(line.back(), '\n');
}

}  // namespace
}  // namespace holt
