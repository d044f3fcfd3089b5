// Every way out of every sandbox, and the end it must meet. The programs run
// under the real policies, as the supervisor makes them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "tests/privsep/jail.h"

namespace holt {
namespace {

using ::testing::HasSubstr;

// An end that an attempt may meet: killed over the named call, or refused with
// an errno.
struct End {
  const char* killed_over = nullptr;
  int error_number = 0;
};
constexpr End Killed(const char* call) { return {.killed_over = call}; }
constexpr End Refused(int error_number) {
  return {.error_number = error_number};
}

// What holds for every role.
const std::map<std::string, End>& EndsForAll() {
  static const auto* ends = new std::map<std::string, End>{
      {"openat2", Killed("openat2")},
      {"old_open", Killed("open")},
      {"mkdir", Killed("mkdir")},
      {"symlink", Killed("symlink")},
      {"link", Killed("link")},
      {"chroot", Killed("chroot")},
      {"mount", Killed("mount")},
      {"socket_unix", Killed("socket")},
      {"socket_netlink", Killed("socket")},
      {"socket_raw", Killed("socket")},
      {"socketpair", Killed("socketpair")},
      {"listen", Killed("listen")},
      {"send_to_address", Killed("sendto")},
      {"send_fast_open", Killed("sendmsg")},
      {"send_many", Killed("sendmmsg")},
      {"execve", Killed("execve")},
      {"execveat", Killed("execveat")},
      {"fork", Killed("fork")},
      {"vfork", Killed("vfork")},
      {"clone_process", Killed("clone")},
      {"unshare", Killed("unshare")},
      {"setuid", Killed("setuid")},
      {"ptrace", Killed("ptrace")},
      {"read_parent", Killed("process_vm_readv")},
      {"kill_parent", Killed("kill")},
      {"tgkill_parent", Refused(EPERM)},
      {"queue_signal", Killed("rt_sigqueueinfo")},
      {"pidfd", Killed("pidfd_open")},
      {"signal_by_descriptor", Killed("fcntl")},
      {"limit_parent", Refused(EPERM)},
      {"map_executable", Killed("mmap")},
      {"make_executable", Killed("mprotect")},
      {"pkey", Killed("pkey_mprotect")},
      {"reseal_memory", Killed("fcntl")},
      {"memfd", Killed("memfd_create")},
      {"memfd_secret", Killed("memfd_secret")},
      {"lock", Killed("mlock")},
      {"shared_memory", Killed("shmget")},
      {"userfaultfd", Killed("userfaultfd")},
      {"io_uring", Killed("io_uring_setup")},
      {"bpf", Killed("bpf")},
      {"perf", Killed("perf_event_open")},
      {"keyring", Killed("keyctl")},
      {"seccomp", Killed("seccomp")},
      {"make_dumpable", Refused(EPERM)},
      {"ioctl", Refused(EPERM)},
      // Killed without a trap: no name.
      {"x32", Killed("")},
  };
  return *ends;
}

const std::map<std::string, End>& EndsFor(Role role) {
  static const auto* worker = new std::map<std::string, End>{
      {"open", Refused(EPERM)},
      {"create", Refused(EPERM)},
      {"parent_memory_file", Refused(EPERM)},
      {"socket_tcp", Killed("socket")},
      {"connect", Killed("connect")},
      {"bind_tcp", Killed("socket")},
      {"shut_listener", Killed("shutdown")},
      {"filter_listener", Killed("setsockopt")},
      {"clone3", Killed("clone3")},
      {"write_key_table", Refused(EACCES)},
      {"resize_memory", Killed("ftruncate")},
  };
  static const auto* courier = new std::map<std::string, End>{
      {"open", Refused(EPERM)},
      {"create", Refused(EPERM)},
      {"parent_memory_file", Refused(EPERM)},
      {"socket_tcp", Killed("socket")},
      {"connect", Killed("connect")},
      {"clone3", Refused(ENOSYS)},
      {"resize_memory", Killed("ftruncate")},
  };
  static const auto* connector = new std::map<std::string, End>{
      {"open", Refused(EACCES)},
      {"create", Killed("openat")},
      {"parent_memory_file", Refused(EACCES)},
      {"connect_elsewhere", Refused(EACCES)},
      {"bind_tcp", Refused(EACCES)},
      {"clone3", Killed("clone3")},
      {"resize_memory", Killed("ftruncate")},
  };
  static const auto* admin_service = new std::map<std::string, End>{
      {"open", Refused(EACCES)},
      {"create", Refused(EACCES)},
      {"open_beside_state", Refused(EACCES)},
      {"parent_memory_file", Refused(EACCES)},
      {"socket_tcp", Killed("socket")},
      {"connect", Killed("connect")},
      {"clone3", Refused(ENOSYS)},
      {"resize_memory", Refused(EPERM)},  // its seals
  };
  switch (role) {
    case Role::kWorker:
      return *worker;
    case Role::kCourier:
      return *courier;
    case Role::kConnector:
      return *connector;
    case Role::kAdminService:
    case Role::kSupervisor:
    case Role::kManaged:
      return *admin_service;
  }
  return *admin_service;
}

class BreakoutTest : public testing::TestWithParam<Role> {
 protected:
  void SetUp() override {
#ifdef HOLT_SANITIZER
    GTEST_SKIP() << "the table is that of the policies that are shipped";
#endif
    if (supervisor::ProbeSandbox().landlock_abi < 6) {
      GTEST_SKIP() << "the table is that of a full sandbox";
    }
  }

  Ending Try(const std::string& attempt) {
    Jail jail(GetParam());
    if (GetParam() == Role::kAdminService) {
      jail.Give(kAdminStateDirFd, scratch_.Open());
    }
    return jail.Run("breakout", {attempt});
  }

  void ExpectEnds(const std::map<std::string, End>& ends) {
    for (const auto& [attempt, end] : ends) {
      const Ending ending = Try(attempt);
      if (end.killed_over == nullptr) {
        EXPECT_EQ(ending.exit_code, end.error_number) << attempt << ending;
        continue;
      }
      EXPECT_EQ(ending.signal, SIGSYS) << attempt << ": " << ending;
      EXPECT_EQ(ending.forbidden_call, end.killed_over) << attempt;
    }
  }

  ScratchDirectory scratch_;
};

INSTANTIATE_TEST_SUITE_P(Roles, BreakoutTest,
                         testing::Values(Role::kWorker, Role::kCourier,
                                         Role::kConnector, Role::kAdminService),
                         [](const auto& role) {
                           switch (role.param) {
                             case Role::kWorker:
                               return "Worker";
                             case Role::kCourier:
                               return "Courier";
                             case Role::kConnector:
                               return "Connector";
                             default:
                               return "AdminService";
                           }
                         });

TEST_P(BreakoutTest, DoingNothingIsAllowed) {
  EXPECT_EQ(Try("nothing").exit_code, 0);
}

TEST_P(BreakoutTest, WhatNoRoleMayDoMeetsItsEnd) { ExpectEnds(EndsForAll()); }

TEST_P(BreakoutTest, WhatThisRoleMayNotDoMeetsItsEnd) {
  ExpectEnds(EndsFor(GetParam()));
}

// abort signals the process itself, and must show as what it is.
TEST_P(BreakoutTest, AbortIsStillAnAbort) {
  EXPECT_EQ(Try("abort").signal, SIGABRT);
}

TEST_P(BreakoutTest, SandboxedChildIsHardened) {
  Jail jail(GetParam());
  if (GetParam() == Role::kAdminService) {
    jail.Give(kAdminStateDirFd, scratch_.Open());
  }
  jail.Start("breakout", {"wait"});
  const auto text_of = [&jail](const char* file) {
    std::stringstream text;
    text
        << std::ifstream(absl::StrCat("/proc/", jail.pid(), "/", file)).rdbuf();
    return text.str();
  };
  jail.WaitForByte();
  const std::string status = text_of("status");
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1"));
  EXPECT_THAT(status, HasSubstr("Seccomp:\t2"));
  EXPECT_THAT(text_of("limits"),
              testing::ContainsRegex("Max core file size +0 +0"));
  jail.channel().Close();
  EXPECT_EQ(jail.Wait().exit_code, 0);
}

TEST(KilledOutrightTest, WithoutNamingTheChildStillDiesOfTheViolation) {
  Jail jail(Role::kWorker);
  jail.options().on_violation = supervisor::OnViolation::kKill;
  const Ending ending = jail.Run("breakout", {"execve"});
  EXPECT_EQ(ending.signal, SIGSYS);
  EXPECT_EQ(ending.forbidden_call, "");
}

TEST(BaselineTest, SeccompHoldsWithoutLandlock) {
#ifdef HOLT_SANITIZER
  GTEST_SKIP() << "widened for the sanitizer";
#endif
  for (const Role role : {Role::kWorker, Role::kCourier}) {
    for (const auto& [attempt, error_number] :
         {std::pair{"open", EPERM}, {"create", EPERM}}) {
      Jail jail(role);
      jail.options().available.landlock_abi = 0;
      EXPECT_EQ(jail.Run("breakout", {attempt}).exit_code, error_number);
    }
  }
}

constexpr int kEnteringFailed = 201;

TEST(EnterChildTest, ChildOfAnotherParentRefusesToRun) {
  Jail jail(Role::kWorker);
  jail.set_claimed_parent(1);
  EXPECT_EQ(jail.Run("breakout", {"nothing"}).exit_code, kEnteringFailed);
}

TEST(EnterChildTest, SandboxOfAnotherRoleIsRefused) {
  Jail jail(Role::kWorker);
  jail.set_sandbox_role(Role::kConnector);
  EXPECT_EQ(jail.Run("breakout", {"nothing"}).exit_code, kEnteringFailed);
}

TEST(EnterChildTest, ChildDiesWithItsSupervisor) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t supervisor = ::fork();
  if (supervisor == 0) {
    Jail jail(Role::kWorker);
    jail.set_claimed_parent(::getpid());
    jail.Start("breakout", {"stay"});
    jail.WaitForByte();
    const pid_t child = jail.pid();
    if (::write(ends[1], &child, sizeof(child)) != sizeof(child)) ::_exit(1);
    ::pause();
    ::_exit(1);
  }
  pid_t child = 0;
  ASSERT_EQ(::read(ends[0], &child, sizeof(child)),
            static_cast<ssize_t>(sizeof(child)));
  ASSERT_EQ(::kill(supervisor, SIGKILL), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(supervisor, &status, 0), supervisor);
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

}  // namespace
}  // namespace holt
