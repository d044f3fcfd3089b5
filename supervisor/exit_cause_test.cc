#include "supervisor/exit_cause.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

namespace holt::supervisor {
namespace {

// As waitpid encodes them.
constexpr int Exited(int code) { return code << 8; }
constexpr int Killed(int number) { return number; }

TEST(DescribeExit, TellsTheCodeOrTheNameOfTheSignal) {
  EXPECT_EQ(DescribeExit(Role::kWorker, Exited(3), 0), "exit code 3");
  EXPECT_EQ(DescribeExit(Role::kWorker, Killed(SIGSEGV), 0),
            "killed by SIGSEGV");
}

TEST(DescribeExit, ASandboxViolationIsCalledThat) {
  EXPECT_THAT(DescribeExit(Role::kWorker, Killed(SIGSYS), 0),
              testing::HasSubstr("sandbox violation"));
  EXPECT_EQ(DescribeExit(Role::kManaged, Killed(SIGSYS), 0),
            "killed by SIGSYS");
}

}  // namespace
}  // namespace holt::supervisor
