#include "supervisor/exit_cause.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "absl/strings/str_cat.h"
#include "supervisor/sandbox/policies.h"

namespace holt::supervisor {

std::string DescribeExit(Role role, int wait_status, uint64_t forbidden_call) {
  if (WIFEXITED(wait_status)) {
    return absl::StrCat("exit code ", WEXITSTATUS(wait_status));
  }
  if (!WIFSIGNALED(wait_status)) return "unknown";
  const int number = WTERMSIG(wait_status);
  if (number == SIGSYS && role != Role::kManaged) {
    return absl::StrCat("killed by SIGSYS, a sandbox violation: ",
                        DescribeViolation(role, forbidden_call));
  }
  const char* name = ::sigabbrev_np(number);
  if (name == nullptr) return absl::StrCat("killed by signal ", number);
  return absl::StrCat("killed by SIG", name);
}

}  // namespace holt::supervisor
