#include "supervisor/launcher.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/testing/status_matchers.h"

namespace holt::supervisor {
namespace {

using testing::HasSubstr;

constexpr char kProbe[] = "supervisor/testing/probe_child";
constexpr int kTellAt = 5;

// Starts the probe and reads what it says about itself.
class LauncherTest : public testing::Test {
 protected:
  LauncherTest() {
    auto program = OpenProgram(kProbe);
    EXPECT_THAT(program, IsOk());
    if (program.ok()) program_ = *std::move(program);
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read_.reset(ends[0]);
    write_.reset(ends[1]);
    spec_.binary = program_.get();
    spec_.arguments = {"probe", absl::StrCat(kTellAt)};
    spec_.descriptors = {{kTellAt, write_.get()}};
    spec_.open_files = 256;
  }

  std::map<std::string, std::string> Run() {
    const auto child = Launch(spec_);
    EXPECT_THAT(child, IsOk());
    if (!child.ok()) return {};
    write_.reset();
    std::string told;
    char bytes[512];
    ssize_t size = 0;
    while ((size = ::read(read_.get(), bytes, sizeof(bytes))) > 0) {
      told.append(bytes, static_cast<size_t>(size));
    }
    int status = -1;
    EXPECT_EQ(::waitpid(*child, &status, 0), *child);
    EXPECT_EQ(status, 0);
    std::map<std::string, std::string> values;
    for (const absl::string_view line : absl::StrSplit(told, '\n')) {
      const std::pair<std::string, std::string> parts =
          absl::StrSplit(line, absl::MaxSplits('=', 1));
      values.insert(parts);
    }
    return values;
  }

  UniqueFd program_;
  UniqueFd read_;
  UniqueFd write_;
  LaunchSpec spec_;
};

TEST_F(LauncherTest, TheChildFindsItsDescriptorsAndNoOthers) {
  // Of ours, inherited unless it is closed.
  UniqueFd stray(::dup(STDERR_FILENO));
  UniqueFd high(::fcntl(STDERR_FILENO, F_DUPFD, 200));
  spec_.descriptors.push_back({3, STDERR_FILENO});
  EXPECT_EQ(Run()["open"], "0,1,2,3,5,");
}

TEST_F(LauncherTest, SourcesThatStandAtOthersNumbersAreNotMixedUp) {
  // The pipe is to stand at kTellAt; something else of ours stands there now.
  UniqueFd low(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
  spec_.descriptors = {{low.get(), write_.get()}, {kTellAt, low.get()}};
  spec_.arguments[1] = absl::StrCat(low.get());
  if (low.get() == kTellAt) spec_.descriptors[1].number = kTellAt + 1;
  EXPECT_THAT(Run()["open"], HasSubstr("0,1,2,"));
}

TEST_F(LauncherTest, TheChildHasNoCapabilitiesAndCannotGainAny) {
  auto values = Run();
  EXPECT_EQ(values["CapEff:"], "0000000000000000");
  if (::geteuid() == 0) {
    EXPECT_EQ(values["CapBnd:"], "0000000000000000");
  }
  EXPECT_EQ(values["no_new_privs"], "1");
}

TEST_F(LauncherTest, TheChildDiesWithItsParent) {
  EXPECT_EQ(Run()["death_signal"], absl::StrCat(SIGKILL));
}

TEST_F(LauncherTest, ATerminalsSignalsDoNotReachTheChild) {
  EXPECT_EQ(Run()["leads_session"], "1");
}

TEST_F(LauncherTest, TheChildBecomesItsUserWithoutGroups) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may change users";
  spec_.user = 61'999;
  auto values = Run();
  EXPECT_EQ(values["uid"], "61999");
  EXPECT_EQ(values["gid"], "61999");
  EXPECT_EQ(values["groups"], "0");
  EXPECT_EQ(values["death_signal"], absl::StrCat(SIGKILL));
}

TEST_F(LauncherTest, TheChildHasItsEnvironmentOnly) {
  spec_.environment = {"ONE=1", "TWO=2"};
  ::setenv("CANARY", "leaks", 1);
  EXPECT_EQ(Run()["variables"], "2");
}

TEST_F(LauncherTest, LimitsAreSet) {
  auto values = Run();
  EXPECT_EQ(values["core"], "0");
  EXPECT_EQ(values["files"], "256");
  EXPECT_EQ(values["size"], "0");
}

TEST_F(LauncherTest, SignalsAreAsAProgramExpectsThem) {
  sigset_t blocked;
  sigset_t before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &blocked, &before);
  ::signal(SIGPIPE, SIG_IGN);
  auto values = Run();
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  EXPECT_EQ(values["SigBlk:"], "0000000000000000");
  // Two signals above are the C library's own and stay as they were inherited.
  constexpr uint64_t kOrdinary = 0x7fffffff;
  EXPECT_EQ(std::stoull(values["SigIgn:"], nullptr, 16) & kOrdinary, 0u);
}

TEST_F(LauncherTest, TheWorkingDirectoryIsTheOneGivenOrTheRoot) {
  UniqueFd directory(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  spec_.working_directory = directory.get();
  EXPECT_EQ(Run()["directory"], "/proc");
}

TEST_F(LauncherTest, AScriptRunsWhereItIsAllowed) {
  const std::string path = testing::TempDir() + "/script";
  std::ofstream(path) << "#!/bin/sh\necho uid=script >&5\n";
  ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
  auto script = OpenProgram(path);
  ASSERT_THAT(script, IsOk());
  spec_.binary = script->get();
  spec_.binary_may_be_script = true;
  EXPECT_EQ(Run()["uid"], "script");
}

TEST_F(LauncherTest, AFileThatCannotRunIsToldByLaunchItself) {
  const std::string path = testing::TempDir() + "/garbage";
  std::ofstream(path) << "this is no program";
  ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
  auto garbage = OpenProgram(path);
  ASSERT_THAT(garbage, IsOk());
  spec_.binary = garbage->get();
  const auto child = Launch(spec_);
  ASSERT_FALSE(child.ok());
  EXPECT_THAT(std::string(child.status().message()),
              HasSubstr("executing the program"));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a process was left over";
}

TEST(OpenProgram, NamesWhatIsNoProgram) {
  EXPECT_THAT(OpenProgram("/nonexistent/holt-worker"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("/nonexistent/holt-worker")));
  EXPECT_THAT(
      OpenProgram("/etc/passwd"),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("chmod +x")));
}

}  // namespace
}  // namespace holt::supervisor
