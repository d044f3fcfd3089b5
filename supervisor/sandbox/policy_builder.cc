#include "supervisor/sandbox/policy_builder.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/base/unique_fd.h"
#include "common/ipc/shared_memory.h"

namespace holt::supervisor {
namespace {

// What landlock.cc knows; a newer kernel enforces the same rules.
constexpr int kNewestLandlockAbi = 6;

struct FilterDeleter {
  void operator()(scmp_filter_ctx filter) const { ::seccomp_release(filter); }
};
using FilterPtr = std::unique_ptr<void, FilterDeleter>;

scmp_arg_cmp Is(unsigned argument, uint64_t value) {
  return SCMP_CMP64(argument, SCMP_CMP_EQ, value);
}

scmp_arg_cmp IsNot(unsigned argument, uint64_t value) {
  return SCMP_CMP64(argument, SCMP_CMP_NE, value);
}

// The bits of `mask` are all clear.
scmp_arg_cmp Without(unsigned argument, uint64_t mask) {
  return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, mask, 0);
}

// The bits of `mask` have the values of `bits`.
scmp_arg_cmp With(unsigned argument, uint64_t mask, uint64_t bits) {
  return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, mask, bits);
}

absl::Status SeccompError(int negative_errno, absl::string_view what) {
  return ErrnoToStatus(-negative_errno, absl::StrCat("seccomp: ", what));
}

absl::StatusOr<FilterPtr> NewFilter(OnViolation on_violation) {
  const uint32_t violation = on_violation == OnViolation::kKill
                                 ? SCMP_ACT_KILL_PROCESS
                                 : SCMP_ACT_TRAP;
  FilterPtr filter(::seccomp_init(violation));
  if (filter == nullptr) return absl::InternalError("seccomp: no filter");
  // Other architectures' numbers, x32's among them, have no excuse.
  if (const int result = ::seccomp_attr_set(
          filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
      result != 0) {
    return SeccompError(result, "other architectures");
  }
  // A binary tree over the numbers instead of a list.
  if (const int result =
          ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
      result != 0) {
    return SeccompError(result, "binary tree");
  }
  return filter;
}

absl::Status AddRule(const FilterPtr& filter, uint32_t action, int call,
                     const std::vector<scmp_arg_cmp>& conditions) {
  const int result = ::seccomp_rule_add_array(
      filter.get(), action, call, static_cast<unsigned>(conditions.size()),
      conditions.data());
  if (result != 0) {
    return SeccompError(result, absl::StrCat("rule for system call ", call));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<sock_filter>> Export(const FilterPtr& filter) {
  const UniqueFd file(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!file.valid()) return ErrnoToStatus(errno, "seccomp: export");
  if (const int result = ::seccomp_export_bpf(filter.get(), file.get());
      result != 0) {
    return SeccompError(result, "export");
  }
  ASSIGN_OR_RETURN(
      const std::string bytes,
      ReadSealedFile(file.get(), kMaxSandboxProgram * sizeof(sock_filter)));
  std::vector<sock_filter> program(bytes.size() / sizeof(sock_filter));
  std::memcpy(program.data(), bytes.data(),
              program.size() * sizeof(sock_filter));
  return program;
}

}  // namespace

PolicyBuilder& PolicyBuilder::Allow(std::initializer_list<int> calls) {
  for (const int call : calls) rules_[call].allowed = true;
  return *this;
}

PolicyBuilder& PolicyBuilder::AllowIf(int call, Conditions conditions) {
  rules_[call].exceptions.push_back({SCMP_ACT_ALLOW, std::move(conditions)});
  return *this;
}

PolicyBuilder& PolicyBuilder::Refuse(std::initializer_list<int> calls,
                                     int error_number) {
  for (const int call : calls) rules_[call].refused_with = error_number;
  return *this;
}

PolicyBuilder& PolicyBuilder::AllowForSanitizer(
    std::initializer_list<int> calls) {
  return Allow(calls);
}

PolicyBuilder& PolicyBuilder::AllowOpenDescriptors() {
  Allow({SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
         SCMP_SYS(pread64), SCMP_SYS(close), SCMP_SYS(fstat)});
  for (const int command : {F_GETFD, F_SETFD, F_GETFL, F_SETFL}) {
    AllowIf(SCMP_SYS(fcntl), {Is(1, static_cast<uint64_t>(command))});
  }
  // glibc's fstat.
  return AllowIf(SCMP_SYS(newfstatat), {Is(3, AT_EMPTY_PATH)});
}

PolicyBuilder& PolicyBuilder::AllowConnectedSockets() {
  Allow({SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(getsockopt),
         SCMP_SYS(getsockname), SCMP_SYS(getpeername)});
  AllowIf(SCMP_SYS(sendto), {Without(3, MSG_FASTOPEN), Is(4, 0)});
  AllowIf(SCMP_SYS(sendmsg), {Without(2, MSG_FASTOPEN)});
  return AllowIf(SCMP_SYS(shutdown), {Is(1, SHUT_WR)});
}

PolicyBuilder& PolicyBuilder::AllowTcpTuning() {
  for (const int option : {SO_LINGER, SO_KEEPALIVE}) {
    AllowIf(SCMP_SYS(setsockopt),
            {Is(1, SOL_SOCKET), Is(2, static_cast<uint64_t>(option))});
  }
  for (const int option :
       {TCP_NODELAY, TCP_CORK, TCP_QUICKACK, TCP_KEEPIDLE, TCP_KEEPINTVL,
        TCP_KEEPCNT, TCP_USER_TIMEOUT, TCP_NOTSENT_LOWAT}) {
    AllowIf(SCMP_SYS(setsockopt),
            {Is(1, IPPROTO_TCP), Is(2, static_cast<uint64_t>(option))});
  }
  return *this;
}

PolicyBuilder& PolicyBuilder::AllowSocketOptions() {
  for (const int level :
       {SOL_SOCKET, static_cast<int>(IPPROTO_TCP), static_cast<int>(IPPROTO_IP),
        static_cast<int>(IPPROTO_IPV6)}) {
    AllowIf(SCMP_SYS(setsockopt), {Is(1, static_cast<uint64_t>(level))});
  }
  return Allow({SCMP_SYS(shutdown)});
}

PolicyBuilder& PolicyBuilder::AllowAccept() {
  return Allow({SCMP_SYS(accept4)});
}

PolicyBuilder& PolicyBuilder::AllowEventLoop() {
  return Allow({SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
                SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(poll),
                SCMP_SYS(ppoll), SCMP_SYS(eventfd2), SCMP_SYS(pipe2),
                SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime)});
}

PolicyBuilder& PolicyBuilder::AllowMemory() {
  AllowIf(SCMP_SYS(mmap), {Without(2, PROT_EXEC)});
  AllowIf(SCMP_SYS(mprotect), {Without(2, PROT_EXEC)});
  return Allow(
      {SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise)});
}

PolicyBuilder& PolicyBuilder::AllowClockAndRandom() {
  return Allow({SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
                SCMP_SYS(getrandom), SCMP_SYS(gettimeofday),
                SCMP_SYS(nanosleep)});
}

PolicyBuilder& PolicyBuilder::AllowProcessBasics() {
  return Allow(
      {SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(rt_sigaction),
       SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
       SCMP_SYS(tgkill), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid),
       SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
       SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(restart_syscall)});
}

PolicyBuilder& PolicyBuilder::AllowThreads() {
  AllowIf(SCMP_SYS(clone), {With(0, CLONE_THREAD, CLONE_THREAD)});
  Refuse({SCMP_SYS(clone3)}, ENOSYS);
  return Allow({SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sysinfo),
                SCMP_SYS(dup), SCMP_SYS(sched_getparam),
                SCMP_SYS(sched_getscheduler)});
}

PolicyBuilder& PolicyBuilder::AllowKernelVersion() {
  return Allow({SCMP_SYS(uname)});
}

PolicyBuilder& PolicyBuilder::AllowDialing() {
  // The type without SOCK_NONBLOCK and SOCK_CLOEXEC.
  constexpr uint64_t kTypeMask = 0xf;
  for (const int family : {AF_INET, AF_INET6}) {
    for (const int type :
         {static_cast<int>(SOCK_STREAM), static_cast<int>(SOCK_DGRAM)}) {
      AllowIf(SCMP_SYS(socket),
              {Is(0, static_cast<uint64_t>(family)),
               With(1, kTypeMask, static_cast<uint64_t>(type))});
    }
  }
  return Allow({SCMP_SYS(connect), SCMP_SYS(bind)});
}

PolicyBuilder& PolicyBuilder::AllowReadingFiles() {
  constexpr uint64_t kWriting = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
  AllowIf(SCMP_SYS(openat), {Without(2, kWriting)});
  return Allow({SCMP_SYS(lseek), SCMP_SYS(newfstatat)});
}

PolicyBuilder& PolicyBuilder::AllowDatabaseFiles() {
  for (const int command : {F_GETLK, F_SETLK, F_SETLKW}) {
    AllowIf(SCMP_SYS(fcntl), {Is(1, static_cast<uint64_t>(command))});
  }
  return Allow(
      {SCMP_SYS(openat),     SCMP_SYS(newfstatat), SCMP_SYS(lseek),
       SCMP_SYS(pwrite64),   SCMP_SYS(fsync),      SCMP_SYS(fdatasync),
       SCMP_SYS(ftruncate),  SCMP_SYS(fallocate),  SCMP_SYS(flock),
       SCMP_SYS(unlink),     SCMP_SYS(unlinkat),   SCMP_SYS(rename),
       SCMP_SYS(renameat),   SCMP_SYS(access),     SCMP_SYS(faccessat),
       SCMP_SYS(faccessat2), SCMP_SYS(readlink),   SCMP_SYS(readlinkat),
       SCMP_SYS(getcwd),     SCMP_SYS(getdents64), SCMP_SYS(fchmod),
       SCMP_SYS(fchown)});
}

PolicyBuilder& PolicyBuilder::RefuseQuestionsQuietly() {
  rules_[SCMP_SYS(newfstatat)].exceptions.push_back(
      {SCMP_ACT_ERRNO(EPERM), {IsNot(3, AT_EMPTY_PATH)}});
  return Refuse({SCMP_SYS(openat),
                 SCMP_SYS(statx),
                 SCMP_SYS(access),
                 SCMP_SYS(faccessat),
                 SCMP_SYS(faccessat2),
                 SCMP_SYS(readlink),
                 SCMP_SYS(readlinkat),
                 SCMP_SYS(getdents64),
                 SCMP_SYS(getcwd),
                 SCMP_SYS(lseek),
                 SCMP_SYS(ioctl),
                 SCMP_SYS(uname),
                 SCMP_SYS(prctl),
                 SCMP_SYS(prlimit64),
                 SCMP_SYS(sysinfo),
                 SCMP_SYS(sched_getaffinity),
                 SCMP_SYS(sched_getparam),
                 SCMP_SYS(sched_setscheduler),
                 SCMP_SYS(sched_getscheduler),
                 SCMP_SYS(sched_get_priority_min),
                 SCMP_SYS(sched_get_priority_max)},
                EPERM);
}

PolicyBuilder& PolicyBuilder::AllowReadBelow(absl::string_view path) {
  SandboxPathRule rule;
  rule.access = PathAccess::kRead;
  HOLT_CHECK(path.size() < sizeof(rule.path));
  std::copy(path.begin(), path.end(), rule.path);
  path_rules_.push_back(rule);
  return *this;
}

PolicyBuilder& PolicyBuilder::AllowDirectory(int descriptor) {
  SandboxPathRule rule;
  rule.access = PathAccess::kReadWrite;
  rule.descriptor = descriptor;
  path_rules_.push_back(rule);
  return *this;
}

PolicyBuilder& PolicyBuilder::AllowConnectingTo(uint16_t port) {
  connect_ports_.push_back(port);
  return *this;
}

absl::StatusOr<std::vector<sock_filter>> PolicyBuilder::Compile(
    OnViolation on_violation) const {
  ASSIGN_OR_RETURN(const FilterPtr filter, NewFilter(on_violation));
  for (const auto& [call, rule] : rules_) {
    if (rule.allowed) {
      RETURN_IF_ERROR(AddRule(filter, SCMP_ACT_ALLOW, call, {}));
      continue;
    }
    for (const Exception& exception : rule.exceptions) {
      RETURN_IF_ERROR(
          AddRule(filter, exception.action, call, exception.conditions));
    }
    // libseccomp has no "otherwise" beside exceptions: those kill.
    if (rule.refused_with != 0 && rule.exceptions.empty()) {
      const auto error_number = static_cast<uint32_t>(rule.refused_with);
      RETURN_IF_ERROR(AddRule(filter, SCMP_ACT_ERRNO(error_number), call, {}));
    }
  }
  return Export(filter);
}

absl::StatusOr<Sandbox> PolicyBuilder::Build(
    Role role, const SandboxOptions& options) const {
  Sandbox sandbox;
  sandbox.role = role;
  sandbox.landlock_abi = static_cast<uint16_t>(
      std::min(options.available.landlock_abi, kNewestLandlockAbi));
  sandbox.path_rules = path_rules_;
  sandbox.connect_ports = connect_ports_;
  if (!options.available.seccomp) return sandbox;
  sandbox.name_violations = options.on_violation == OnViolation::kNameAndKill;
  ASSIGN_OR_RETURN(sandbox.program, Compile(options.on_violation));
  return sandbox;
}

}  // namespace holt::supervisor
