// Compiled into sanitizer builds only (BUILD.bazel selects): what their
// runtimes do while a program runs and when it reports a finding. The policies
// that are shipped know nothing of it.
#include "supervisor/sandbox/role_policies.h"

namespace holt::supervisor {

bool AllowSanitizer(PolicyBuilder& policy) {
  policy
      .AllowForSanitizer({
          // Mappings and symbols of a report.
          SCMP_SYS(openat),
          SCMP_SYS(newfstatat),
          SCMP_SYS(readlink),
          SCMP_SYS(readlinkat),
          SCMP_SYS(lseek),
          SCMP_SYS(getdents64),
          SCMP_SYS(access),
          SCMP_SYS(dup2),
          SCMP_SYS(dup),
          // Shadow memory and stacks.
          SCMP_SYS(prlimit64),
          SCMP_SYS(sched_getaffinity),
          SCMP_SYS(mincore),
          SCMP_SYS(msync),
          // The leak checker stops its threads from a process beside them.
          SCMP_SYS(clone),
          SCMP_SYS(ptrace),
          SCMP_SYS(prctl),
          SCMP_SYS(wait4),
          SCMP_SYS(set_robust_list),
          SCMP_SYS(rseq),
      })
      .AllowReadBelow("/");
  return true;
}

}  // namespace holt::supervisor
