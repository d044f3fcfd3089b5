#include "supervisor/process_setup.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/testing/status_matchers.h"

namespace holt::supervisor {
namespace {

constexpr char kNoSwap[] = "Filename\t\tType\t\tSize\tUsed\tPriority\n";
constexpr char kSwap[] =
    "Filename\t\tType\t\tSize\tUsed\tPriority\n/dev/sda2 partition 1 0 -2\n";

TEST(CheckSwap, AMachineWithoutSwapIsFine) {
  EXPECT_THAT(CheckSwap(kNoSwap, false), IsOk());
  EXPECT_THAT(CheckSwap("", false), IsOk());
}

TEST(CheckSwap, ActiveSwapIsRefusedWithTheFix) {
  EXPECT_THAT(CheckSwap(kSwap, false),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       testing::HasSubstr("swapoff -a")));
}

TEST(CheckSwap, ActiveSwapMayBeAllowed) {
  EXPECT_THAT(CheckSwap(kSwap, true), IsOk());
}

// Changes the process for good, so it runs in one of its own.
TEST(HardenProcess, LeavesNoCoreNoDumpNoNewPrivileges) {
  const pid_t child = ::fork();
  if (child == 0) {
    rlimit core{1, 1};
    const bool good = HardenProcess().ok() &&
                      ::getrlimit(RLIMIT_CORE, &core) == 0 &&
                      core.rlim_cur == 0 && core.rlim_max == 0 &&
                      ::prctl(PR_GET_DUMPABLE) == 0 &&
                      ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    ::_exit(good ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(DropCapabilities, LeavesNothingThatReadsOtherProcesses) {
  const pid_t child = ::fork();
  if (child == 0) {
    const bool dropped = DropCapabilities().ok();
    constexpr unsigned long kSysPtrace = 19;
    const bool gone = ::prctl(PR_CAPBSET_READ, kSysPtrace, 0, 0, 0) == 0;
    ::_exit(dropped && (gone || ::geteuid() != 0) ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace holt::supervisor
