// Builds the sandbox of one role from what the role has to do. Methods are
// named by intent; each comment lists exactly the system calls that it lets
// through, so that a policy reads as a list of abilities and can be reviewed
// without running it. What no method allows kills the process.
//
// Supervisor only, at start. Errors of libseccomp are remembered and come out
// of Build().
#ifndef HOLT_SUPERVISOR_SANDBOX_POLICY_BUILDER_H_
#define HOLT_SUPERVISOR_SANDBOX_POLICY_BUILDER_H_

#include <seccomp.h>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/child/sandbox_file.h"
#include "supervisor/sandbox/sandbox_options.h"

namespace holt::supervisor {

class PolicyBuilder {
 public:
  // read write readv writev pread64 close fstat; fcntl to get or set the
  // descriptor's and the file's flags; newfstatat of an open descriptor.
  PolicyBuilder& AllowOpenDescriptors();
  // recvfrom recvmsg getsockopt getsockname getpeername; sendto without an
  // address, sendmsg, both without MSG_FASTOPEN (which connects); shutdown of
  // the sending side only (the other side of a shared listener stays open).
  PolicyBuilder& AllowConnectedSockets();
  // setsockopt: SO_LINGER SO_KEEPALIVE TCP_NODELAY TCP_CORK TCP_QUICKACK
  // TCP_KEEPIDLE TCP_KEEPINTVL TCP_KEEPCNT TCP_USER_TIMEOUT TCP_NOTSENT_LOWAT.
  PolicyBuilder& AllowTcpTuning();
  // setsockopt of any SOL_SOCKET, IPPROTO_TCP, IPPROTO_IP or IPPROTO_IPV6
  // option, and shutdown in every direction: for roles that hold no listener
  // of others.
  PolicyBuilder& AllowSocketOptions();
  // accept4.
  PolicyBuilder& AllowAccept();
  // epoll_create1 epoll_ctl epoll_wait epoll_pwait poll ppoll eventfd2 pipe2
  // timerfd_create timerfd_settime.
  PolicyBuilder& AllowEventLoop();
  // brk munmap mremap madvise; mmap and mprotect without PROT_EXEC.
  PolicyBuilder& AllowMemory();
  // clock_gettime clock_nanosleep getrandom gettimeofday nanosleep.
  PolicyBuilder& AllowClockAndRandom();
  // futex sched_yield rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack;
  // tgkill, which EnterSandbox() narrows to the process itself (abort);
  // getpid gettid getppid getuid geteuid getgid getegid; exit exit_group
  // restart_syscall.
  PolicyBuilder& AllowProcessBasics();
  // clone with CLONE_THREAD; set_robust_list rseq sysinfo dup sched_getparam
  // sched_getscheduler. clone3 is answered ENOSYS, as its flags cannot be seen:
  // glibc then uses clone.
  PolicyBuilder& AllowThreads();
  // uname: gRPC complains to stderr without it.
  PolicyBuilder& AllowKernelVersion();
  // socket for TCP and UDP over IPv4 and IPv6; connect bind.
  PolicyBuilder& AllowDialing();
  // openat without writing or creating; lseek; newfstatat. Which files, the
  // path rules say.
  PolicyBuilder& AllowReadingFiles();
  // openat newfstatat lseek pwrite64 fsync fdatasync ftruncate fallocate flock
  // unlink unlinkat rename renameat access faccessat faccessat2 readlink
  // readlinkat getcwd getdents64 fchmod fchown; fcntl record locks. Which
  // files, the path rules say.
  PolicyBuilder& AllowDatabaseFiles();

  // What libraries ask for and do without: EPERM instead of death, unless
  // allowed elsewhere. openat newfstatat statx access faccessat faccessat2
  // readlink readlinkat getdents64 getcwd lseek ioctl uname prctl prlimit64
  // sysinfo (glibc's qsort) sched_getaffinity sched_getparam sched_setscheduler
  // sched_getscheduler sched_get_priority_min sched_get_priority_max.
  PolicyBuilder& RefuseQuestionsQuietly();

  // Landlock rules.
  PolicyBuilder& AllowReadBelow(absl::string_view path);
  PolicyBuilder& AllowDirectory(int descriptor);
  PolicyBuilder& AllowConnectingTo(uint16_t port);

  // For sanitizer_policy.cc, which names its calls itself.
  PolicyBuilder& AllowForSanitizer(std::initializer_list<int> calls);

  // Everything as a sandbox for `role`; only what `options.available` has.
  absl::StatusOr<Sandbox> Build(Role role, const SandboxOptions& options) const;

 private:
  using Conditions = std::vector<scmp_arg_cmp>;
  struct Exception {
    uint32_t action;
    Conditions conditions;  // all of them hold
  };
  struct Rule {
    bool allowed = false;  // whatever the arguments
    int refused_with = 0;  // an errno, when nothing else applies
    std::vector<Exception> exceptions;
  };

  PolicyBuilder& Allow(std::initializer_list<int> calls);
  PolicyBuilder& AllowIf(int call, Conditions conditions);
  PolicyBuilder& Refuse(std::initializer_list<int> calls, int error_number);
  absl::StatusOr<std::vector<sock_filter>> Compile(
      OnViolation on_violation) const;

  std::map<int, Rule> rules_;
  std::vector<SandboxPathRule> path_rules_;
  std::vector<uint16_t> connect_ports_;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_SANDBOX_POLICY_BUILDER_H_
