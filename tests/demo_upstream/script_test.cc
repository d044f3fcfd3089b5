#include "tests/demo_upstream/script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holt::demo {
namespace {

TEST(Script, NothingSaidIsAPlainAnswer) {
  Script script;
  ASSERT_TRUE(ApplyControls("", script).ok());
  EXPECT_EQ(script.status, 200);
  EXPECT_EQ(script.cut, Script::Cut::kNever);
}

TEST(Script, ControlsAreReadInAnyOrder) {
  Script script;
  ASSERT_TRUE(
      ApplyControls("delay:20/chunks:500/cut:reset/cut-after:3/mirror", script)
          .ok());
  EXPECT_EQ(script.chunks, 500u);
  EXPECT_EQ(script.delay, absl::Milliseconds(20));
  EXPECT_EQ(script.cut, Script::Cut::kReset);
  EXPECT_EQ(script.cut_after, 3u);
  EXPECT_EQ(script.content, Script::Content::kMirror);
}

TEST(Script, ErrorsCarryAStatusAndAWait) {
  Script script;
  ASSERT_TRUE(ApplyControls("status:429/retry-after:7", script).ok());
  EXPECT_EQ(script.status, 429);
  EXPECT_EQ(script.retry_after, 7u);
}

class RefusedControl : public testing::TestWithParam<const char*> {};

TEST_P(RefusedControl, IsNamed) {
  Script script;
  const absl::Status status = ApplyControls(GetParam(), script);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Script, RefusedControl,
                         testing::Values("chunk", "chunks:0", "chunks:1000001",
                                         "chunks:-1", "status:200",
                                         "status:600", "cut:maybe", "mirror:1",
                                         "delay:600001", "chunk-bytes:65537"));

}  // namespace
}  // namespace holt::demo
