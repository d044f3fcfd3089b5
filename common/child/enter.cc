#include "common/child/enter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"
#include "common/child/landlock.h"
#include "common/child/own_counters.h"
#include "common/child/sandbox_file.h"
#include "common/ipc/shared_memory.h"

namespace holt {
namespace {

// Linux 6.3; Debian 12's headers do not name them yet.
constexpr int kSetMemoryDenyWriteExecute = 65;
constexpr unsigned long kRefuseExecGain = 1;

absl::StatusOr<pid_t> ParentOf(int argc, char** argv) {
  pid_t parent = 0;
  for (int i = 1; i < argc; ++i) {
    absl::string_view argument = argv[i];
    if (!absl::ConsumePrefix(&argument, "--parent=")) continue;
    if (absl::SimpleAtoi(argument, &parent) && parent > 0) return parent;
  }
  return absl::FailedPreconditionError(
      "this program is started by holt-supervisor (--parent=PID is missing)");
}

absl::Status TieToParent(pid_t parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
    return ErrnoToStatus(errno, "tying the child to its supervisor");
  }
  // It may have died before that call: then we have another parent already.
  if (::getppid() != parent) {
    return absl::FailedPreconditionError("the supervisor is gone");
  }
  return absl::OkStatus();
}

absl::Status HardenMemory() {
  const rlimit no_core = {0, 0};
  if (::setrlimit(RLIMIT_CORE, &no_core) != 0 ||
      ::prctl(PR_SET_DUMPABLE, 0) != 0) {
    return ErrnoToStatus(errno, "forbidding core files");
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return ErrnoToStatus(errno, "giving up new privileges");
  }
#ifndef HOLT_SANITIZER
  // Where the kernel is older, the seccomp program still refuses PROT_EXEC.
  ::prctl(kSetMemoryDenyWriteExecute, kRefuseExecGain, 0, 0, 0);
#endif
  return absl::OkStatus();
}

// Where the number of a forbidden call goes. Set once, before the program is
// loaded; read by the signal handler only.
ChildCounters* violation_report = nullptr;

void NameViolationAndDie(int /*signal*/, siginfo_t* info, void* /*context*/) {
  violation_report->forbidden_call.store(
      static_cast<uint64_t>(info->si_syscall) + 1, std::memory_order_relaxed);
  // No role may call kill: this traps again, while SIGSYS is blocked, and that
  // ends the process with SIGSYS whatever its handler is.
  ::syscall(SYS_kill, ::getpid(), SIGSYS);
}

absl::Status NameViolations() {
  ASSIGN_OR_RETURN(static const OwnCounters counters, OwnCounters::Map());
  violation_report = counters.get();
  struct sigaction action {};
  action.sa_sigaction = &NameViolationAndDie;
  action.sa_flags = SA_SIGINFO;
  if (::sigaction(SIGSYS, &action, nullptr) != 0) {
    return ErrnoToStatus(errno, "handling SIGSYS");
  }
  return absl::OkStatus();
}

absl::Status LoadFilter(const sock_filter* program, size_t length) {
  const sock_fprog load = {static_cast<unsigned short>(length),
                           const_cast<sock_filter*>(program)};
  const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                SECCOMP_FILTER_FLAG_TSYNC, &load);
  if (result < 0) return ErrnoToStatus(errno, "loading the seccomp program");
  // TSYNC's own answer: the thread that could not follow.
  if (result > 0) return absl::InternalError("a thread escaped the sandbox");
  return absl::OkStatus();
}

// tgkill (abort calls it) for our own process only. The supervisor's program
// cannot say this, as it is made before our process id is known; where two
// filters differ the kernel takes the stricter answer. The architecture is
// checked by the other one.
absl::Status LoadOwnSignalsFilter() {
  constexpr auto kNumber = offsetof(seccomp_data, nr);
  constexpr auto kProcess = offsetof(seccomp_data, args);
  const auto self = static_cast<uint32_t>(::getpid());
  const std::array<sock_filter, 6> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kNumber),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kProcess),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, self, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  return LoadFilter(program.data(), program.size());
}

absl::StatusOr<Sandbox> ReadSandbox(Role role) {
  ASSIGN_OR_RETURN(const std::string file,
                   ReadSealedFile(kSandboxFd, kMaxSandboxFile));
  ::close(kSandboxFd);
  ASSIGN_OR_RETURN(Sandbox sandbox, DecodeSandbox(file));
  if (sandbox.role != role) {
    return absl::FailedPreconditionError("the sandbox is another role's");
  }
  return sandbox;
}

}  // namespace

absl::Status EnterSandbox(Role role) {
  ASSIGN_OR_RETURN(const Sandbox sandbox, ReadSandbox(role));
  if (sandbox.name_violations) RETURN_IF_ERROR(NameViolations());
  RETURN_IF_ERROR(EnforceLandlock(sandbox));
  if (sandbox.program.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(LoadOwnSignalsFilter());
  return LoadFilter(sandbox.program.data(), sandbox.program.size());
}

absl::Status EnterChild(Role role, int argc, char** argv) {
  ASSIGN_OR_RETURN(const pid_t parent, ParentOf(argc, argv));
  RETURN_IF_ERROR(TieToParent(parent));
  RETURN_IF_ERROR(HardenMemory());
  return EnterSandbox(role);
}

}  // namespace holt
