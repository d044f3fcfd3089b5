// The supervisor as a program, with children that only speak its frames
// (testing/fake_child.cc): started, watched, killed, drained.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/unique_fd.h"
#include "common/testing/status_matchers.h"
#include "supervisor/listeners.h"

namespace holt::supervisor {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr char kSupervisor[] = "supervisor/holt-supervisor";
constexpr char kFakeChild[] = "supervisor/testing/fake_child";
// Only a broken supervisor makes anybody wait this long.
constexpr int kPatienceMillis = 60'000;

std::string Absolute(const std::string& path) {
  char resolved[PATH_MAX];
  return ::realpath(path.c_str(), resolved) == nullptr ? path : resolved;
}

// Lines of a pipe, as they come.
class LineReader {
 public:
  void Reset(int fd) { fd_.reset(fd); }
  // The next line that contains `text`; "" at the end of the stream.
  std::string WaitFor(const std::string& text) {
    while (true) {
      const size_t end = buffer_.find('\n');
      if (end != std::string::npos) {
        const std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        seen_ += line + "\n";
        if (absl::StrContains(line, text)) return line;
        continue;
      }
      pollfd ready{fd_.get(), POLLIN, 0};
      char bytes[4096];
      if (::poll(&ready, 1, kPatienceMillis) <= 0) return "";
      const ssize_t size = ::read(fd_.get(), bytes, sizeof(bytes));
      if (size <= 0) return "";
      buffer_.append(bytes, static_cast<size_t>(size));
    }
  }
  // All lines so far.
  [[nodiscard]] const std::string& seen() const { return seen_; }

 private:
  UniqueFd fd_;
  std::string buffer_;
  std::string seen_;
};

class SupervisorTest : public testing::Test {
 protected:
  SupervisorTest()
      : folder_(absl::StrCat(
            Absolute(testing::TempDir()), "/",
            testing::UnitTest::GetInstance()->current_test_info()->name())) {
    ::mkdir(folder_.c_str(), 0755);
    ::mkdir((folder_ + "/bin").c_str(), 0755);
    for (const char* name : {"holt-worker", "holt-courier", "holt-connector",
                             "holt-admin-service"}) {
      Install(Absolute(kFakeChild), name);
    }
    Configure("");
  }
  ~SupervisorTest() override {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  void Install(const std::string& program, const std::string& name) {
    const std::string path = absl::StrCat(folder_, "/bin/", name);
    ::unlink(path.c_str());
    ASSERT_EQ(::symlink(program.c_str(), path.c_str()), 0);
  }
  void Configure(const std::string& more) {
    std::ofstream(folder_ + "/holt.textproto")
        << "listener { address: \"127.0.0.1\" port: " << port_ << " }\n"
        << "processes { workers: 2 sandbox_minimum: \"none\" allow_swap: true }"
        << "\nstate_dir: \"" << folder_ << "/state\"\n"
        << more;
  }
  void MakeCertificate() {
    const std::string command = absl::StrCat(
        "umask 077; openssl req -x509 -newkey ec -pkeyopt "
        "ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost -keyout ",
        folder_, "/tls.key -out ", folder_, "/tls.crt 2>/dev/null");
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  void Start() {
    int out[2];
    int error[2];
    ASSERT_EQ(::pipe2(out, O_CLOEXEC), 0);
    ASSERT_EQ(::pipe2(error, O_CLOEXEC), 0);
    const std::string program = Absolute(kSupervisor);
    const std::string config =
        absl::StrCat("--config=", folder_, "/holt.textproto");
    const std::string bin_dir = absl::StrCat("--bin-dir=", folder_, "/bin");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(out[1], STDOUT_FILENO);
      ::dup2(error[1], STDERR_FILENO);
      const char* arguments[] = {program.c_str(), config.c_str(),
                                 bin_dir.c_str(), nullptr};
      const char* environment[] = {"PRIVATEMODE_API_KEY=canary-credential",
                                   nullptr};
      ::execve(program.c_str(), const_cast<char**>(arguments),
               const_cast<char**>(environment));
      ::_exit(126);
    }
    ::close(out[1]);
    ::close(error[1]);
    out_.Reset(out[0]);
    error_.Reset(error[0]);
  }
  void StartUntilReady() {
    Start();
    ready_ = out_.WaitFor("");
    ASSERT_THAT(ready_, StartsWith("ready http")) << Told();
  }
  int WaitForEnd() {
    int status = -1;
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    error_.WaitFor("the stream ends before this line");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  // Everything it said so far, for a failure's message.
  std::string Told() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    error_.WaitFor("the stream ends before this line");
    return error_.seen();
  }
  static pid_t PidOf(const std::string& line) {
    for (const absl::string_view word : absl::StrSplit(line, ' ')) {
      pid_t pid = 0;
      if (absl::StartsWith(word, "pid=") &&
          absl::SimpleAtoi(word.substr(4), &pid)) {
        return pid;
      }
    }
    return 0;
  }
  // The process ids of all children it said it started.
  std::set<pid_t> Started() {
    std::set<pid_t> pids;
    for (const absl::string_view line : absl::StrSplit(error_.seen(), '\n')) {
      if (absl::StrContains(line, "child_started")) {
        pids.insert(PidOf(std::string(line)));
      }
    }
    return pids;
  }
  static bool IsGone(pid_t pid) { return ::kill(pid, 0) != 0; }

  std::string folder_;
  uint16_t port_ = 0;
  pid_t pid_ = 0;
  LineReader out_;
  LineReader error_;
  std::string ready_;
};

TEST_F(SupervisorTest, TellsItIsReadyAndEndsCleanlyOnSigterm) {
  StartUntilReady();
  EXPECT_THAT(ready_, StartsWith("ready http://127.0.0.1:"));
  error_.WaitFor("holt serves at");
  ::kill(pid_, SIGTERM);
  EXPECT_EQ(WaitForEnd(), 0);
  EXPECT_THAT(error_.seen(), HasSubstr("fake holt-worker drained"));
  EXPECT_THAT(error_.seen(), HasSubstr("fake holt-courier drained"));
  EXPECT_EQ(Started().size(), 5u);
  for (const pid_t pid : Started()) EXPECT_TRUE(IsGone(pid)) << pid;
  EXPECT_EQ(out_.WaitFor(""), "") << "one line only";
}

TEST_F(SupervisorTest, TheBannerSaysPlainlyWhatIsMissing) {
  StartUntilReady();
  EXPECT_NE(error_.WaitFor("MISSING   TLS"), "");
}

TEST_F(SupervisorTest, NothingOfItsEnvironmentIsLeft) {
  StartUntilReady();
  std::stringstream text;
  text << std::ifstream(absl::StrCat("/proc/", pid_, "/environ")).rdbuf();
  EXPECT_THAT(text.str(), Not(HasSubstr("canary")));
}

TEST_F(SupervisorTest, AKilledWorkerIsReplacedAndIntroducedAgain) {
  StartUntilReady();
  error_.WaitFor("holt serves at");
  const pid_t victim = *Started().rbegin();
  ::kill(victim, SIGKILL);
  const std::string ended = error_.WaitFor("child_ended");
  EXPECT_EQ(PidOf(ended), victim);
  EXPECT_THAT(ended, HasSubstr("cause=\"killed by SIGKILL\""));
  EXPECT_NE(error_.WaitFor("fake holt-connector introduced=2"), "");
  EXPECT_NE(error_.WaitFor("fake holt-worker introduced=1"), "");
}

TEST_F(SupervisorTest, AChildWhoseLoopStopsIsKilled) {
  StartUntilReady();
  error_.WaitFor("holt serves at");
  const pid_t victim = *Started().rbegin();
  ::kill(victim, SIGSTOP);
  EXPECT_EQ(PidOf(error_.WaitFor("child_hangs")), victim);
  EXPECT_EQ(PidOf(error_.WaitFor("child_ended")), victim);
}

TEST_F(SupervisorTest, ARestartedCourierLearnsOfEverybodyAgain) {
  StartUntilReady();
  error_.WaitFor("holt serves at");
  pid_t courier = 0;
  for (const absl::string_view line : absl::StrSplit(error_.seen(), '\n')) {
    if (absl::StrContains(line, "child_started child=courier")) {
      courier = PidOf(std::string(line));
    }
  }
  ::kill(courier, SIGKILL);
  error_.WaitFor("child_started child=courier");
  // Journals of both slots, then counters, then the admin-service.
  EXPECT_NE(error_.WaitFor("fake holt-courier introduced=5 role=1 index=0 "
                           "flags=0 fd=1"),
            "");
  EXPECT_NE(error_.WaitFor("fake holt-courier introduced=5 role=1 index=1"),
            "");
  EXPECT_NE(error_.WaitFor("fake holt-courier introduced=6"), "");
  EXPECT_NE(error_.WaitFor("fake holt-courier introduced=3"), "");
}

TEST_F(SupervisorTest, TheJournalOfASlotThatIsNoMoreIsAnOrphan) {
  StartUntilReady();
  ::kill(pid_, SIGTERM);
  ASSERT_EQ(WaitForEnd(), 0);
  const std::string journals = folder_ + "/state/journals/journal-";
  std::ofstream(journals + "9", std::ios::binary)
      << std::ifstream(journals + "0", std::ios::binary).rdbuf();
  StartUntilReady();
  EXPECT_NE(error_.WaitFor("introduced=5 role=1 index=9 flags=1 fd=1"), "");
}

TEST_F(SupervisorTest, WhenItDiesAllChildrenDie) {
  StartUntilReady();
  error_.WaitFor("holt serves at");
  std::vector<UniqueFd> children;
  for (const pid_t pid : Started()) {
    children.emplace_back(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    ASSERT_TRUE(children.back().valid());
  }
  ::kill(pid_, SIGKILL);
  for (const UniqueFd& child : children) {
    pollfd ended{child.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&ended, 1, kPatienceMillis), 1);
  }
}

TEST_F(SupervisorTest, AChildThatNeverServesEndsTheStartWithASentence) {
  Install("/bin/false", "holt-worker");
  Start();
  EXPECT_EQ(WaitForEnd(), 1);
  EXPECT_THAT(error_.seen(),
              HasSubstr("holt-supervisor: the worker ended 3 times before it "
                        "served (exit code 1)"));
  for (const pid_t pid : Started()) EXPECT_TRUE(IsGone(pid)) << pid;
  EXPECT_EQ(out_.WaitFor(""), "");
}

TEST_F(SupervisorTest, APortInUseStartsNothing) {
  const auto holder = OpenPublicListener("127.0.0.1", 0);
  ASSERT_THAT(holder, IsOk());
  port_ = holder->port;
  Configure("");
  Start();
  EXPECT_EQ(WaitForEnd(), 1);
  EXPECT_THAT(error_.seen(), HasSubstr("is in use by another program"));
  EXPECT_TRUE(Started().empty());
}

TEST_F(SupervisorTest, AKeysFileThatCannotBeReadIsAnErrorAtStart) {
  const std::string keys = folder_ + "/keys.json";
  ASSERT_EQ(::mkdir(keys.c_str(), 0755), 0);
  Configure(absl::StrCat("keys { keys_file: \"", keys, "\" }\n"));
  Start();
  EXPECT_EQ(WaitForEnd(), 1);
  EXPECT_THAT(error_.seen(), HasSubstr(keys + " cannot be read"));
}

TEST_F(SupervisorTest, AReloadReplacesWorkersBeforeTheOldOnesLeave) {
  MakeCertificate();
  Configure(absl::StrCat("tls_identities { certificate_file: \"", folder_,
                         "/tls.crt\" key_file: \"", folder_, "/tls.key\" }\n"));
  StartUntilReady();
  EXPECT_THAT(ready_, StartsWith("ready https://"));
  error_.WaitFor("holt serves at");
  MakeCertificate();
  ::kill(pid_, SIGHUP);
  EXPECT_NE(error_.WaitFor("reloaded"), "");
  EXPECT_THAT(error_.WaitFor("child_started"), HasSubstr("slot=2"));
  EXPECT_THAT(error_.WaitFor("child_ended"), HasSubstr("child=worker slot=0"));
  EXPECT_THAT(error_.WaitFor("child_ended"), HasSubstr("child=worker slot=1"));
  ::kill(pid_, SIGTERM);
  EXPECT_EQ(WaitForEnd(), 0);
}

TEST_F(SupervisorTest, ABrokenCertificateIsRefusedAndTheOldOneServesOn) {
  MakeCertificate();
  Configure(absl::StrCat("tls_identities { certificate_file: \"", folder_,
                         "/tls.crt\" key_file: \"", folder_, "/tls.key\" }\n"));
  StartUntilReady();
  std::ofstream(folder_ + "/tls.crt") << "no certificate";
  ::kill(pid_, SIGHUP);
  EXPECT_THAT(error_.WaitFor("reload"), HasSubstr("reload_refused"));
  ::kill(pid_, SIGTERM);
  EXPECT_EQ(WaitForEnd(), 0);
}

TEST_F(SupervisorTest, TheAdminServiceIsToldOfTheKeysFileAndItsChanges) {
  const std::string keys = folder_ + "/keys.json";
  Configure(absl::StrCat("keys { keys_file: \"", keys, "\" }\n"));
  StartUntilReady();
  EXPECT_NE(error_.WaitFor("holt-admin-service introduced=7 role=0 index=0 "
                           "flags=1 fd=0"),
            "");
  std::ofstream(keys) << "{}";
  EXPECT_NE(error_.WaitFor("holt-admin-service introduced=7 role=0 index=0 "
                           "flags=0 fd=1"),
            "");
}

TEST_F(SupervisorTest, ASecondSignalEndsAtOnce) {
  // Children that are stopped never drain.
  StartUntilReady();
  error_.WaitFor("holt serves at");
  for (const pid_t pid : Started()) ::kill(pid, SIGSTOP);
  ::kill(pid_, SIGINT);
  EXPECT_NE(error_.WaitFor("draining"), "");
  // Signals that come right after the first count as the same wish.
  const UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  pollfd ended{handle.get(), POLLIN, 0};
  while (::poll(&ended, 1, 50) == 0) ::kill(pid_, SIGINT);
  EXPECT_EQ(WaitForEnd(), 0);
  for (const pid_t pid : Started()) EXPECT_TRUE(IsGone(pid)) << pid;
}

}  // namespace
}  // namespace holt::supervisor
