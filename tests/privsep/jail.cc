#include "tests/privsep/jail.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/ipc/counters.h"

namespace holt {
namespace {

// Above every number of the table, so that placing one descriptor never
// overwrites another that waits.
constexpr int kParkingFrom = 100;

template <typename T>
T ValueOf(absl::StatusOr<T> result) {
  HOLT_CHECK(result.ok());
  return *std::move(result);
}

UniqueFd Park(int fd) {
  UniqueFd parked(::fcntl(fd, F_DUPFD_CLOEXEC, kParkingFrom));
  HOLT_CHECK(parked.valid());
  return parked;
}

// Between fork and exec: system calls only.
[[noreturn]] void Become(const std::vector<std::pair<int, int>>& placements,
                         const char* program, char** arguments) {
  int end = 3;
  for (const auto& [number, fd] : placements) {
    if (::dup2(fd, number) != number) ::_exit(250);
    end = number + 1;
  }
  ::close_range(static_cast<unsigned>(end), ~0U, 0);
  ::execv(program, arguments);
  ::_exit(251);
}

// "the worker made the system call openat, which ..." -> "openat".
std::string CallIn(const std::string& sentence) {
  const std::vector<std::string> halves =
      absl::StrSplit(sentence, "system call ");
  return std::string(
      absl::StripSuffix(halves.back(), ", which its sandbox forbids"));
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Ending& ending) {
  if (ending.exit_code >= 0) return out << "exit code " << ending.exit_code;
  return out << "signal " << ending.signal << " (" << ending.forbidden_call
             << ")";
}

Jail::Jail(Role role)
    : role_(role), sandbox_role_(role), claimed_parent_(::getpid()) {
  options_.available = supervisor::ProbeSandbox();
  options_.on_violation = supervisor::OnViolation::kNameAndKill;
}

void Jail::GiveWhatEveryChildGets() {
  auto [ours, childs] = ValueOf(FrameChannel::MakePair());
  channel_ = FrameChannel(std::move(ours));
  Give(kSupervisorChannelFd, std::move(childs));
  Give(kSandboxFd,
       ValueOf(supervisor::MakeSandboxFile(sandbox_role_, options_)));
  Give(kSettingsFd, ValueOf(MakeSealedFile("settings", "settings")));
  UniqueFd counters = ValueOf(MakeSharedMemory("counters", kCountersSize));
  counters_ = ValueOf(
      Mapping::Map(counters.get(), kCountersSize, Mapping::Access::kReadWrite));
  Give(kCountersFd, std::move(counters));
}

void Jail::GiveWhatTheRoleGets() {
  if (role_ == Role::kWorker) {
    descriptors_.try_emplace(kWorkerListenerFd, ListenOnLoopback().fd);
    const UniqueFd table = ValueOf(MakeSharedMemory("key table", 4096));
    Give(kWorkerKeyTableFd, ValueOf(ReopenReadOnly(table.get())));
    Give(kWorkerJournalFd, ValueOf(MakeSharedMemory("journal", 4096)));
    Give(kWorkerLimiterFd, ValueOf(MakeSharedMemory("limiter", 4096)));
  }
  if (role_ == Role::kCourier) {
    Give(kCourierKeyTableFd, ValueOf(MakeSharedMemory("key table", 4096)));
  }
}

void Jail::Start(const std::string& program,
                 std::vector<std::string> arguments) {
  GiveWhatEveryChildGets();
  GiveWhatTheRoleGets();
  const std::string path = absl::StrCat("tests/privsep/", program);
  arguments.insert(arguments.begin(),
                   {path, absl::StrCat("--parent=", claimed_parent_),
                    absl::StrCat("--role=", static_cast<int>(role_))});
  // A leak check traces its own process, which no sandbox lets it do.
  ::setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::vector<UniqueFd> parked;
  std::vector<std::pair<int, int>> placements;
  for (const auto& [number, fd] : descriptors_) {
    parked.push_back(Park(fd.get()));
    placements.emplace_back(number, parked.back().get());
  }
  pid_ = ::fork();
  HOLT_CHECK(pid_ >= 0);
  if (pid_ == 0) Become(placements, path.c_str(), argv.data());
  descriptors_.clear();
}

void Jail::WaitForByte() {
  pollfd readable = {channel_.fd(), POLLIN, 0};
  HOLT_CHECK(::poll(&readable, 1, -1) == 1);
}

Ending Jail::Wait() {
  int status = 0;
  HOLT_CHECK(::waitpid(pid_, &status, 0) == pid_);
  Ending ending;
  if (WIFEXITED(status)) {
    ending.exit_code = WEXITSTATUS(status);
    return ending;
  }
  ending.signal = WTERMSIG(status);
  const auto call =
      reinterpret_cast<ChildCounters*>(counters_.data())->forbidden_call.load();
  if (call != 0) {
    ending.forbidden_call = CallIn(supervisor::DescribeViolation(role_, call));
  }
  return ending;
}

ScratchDirectory::ScratchDirectory()
    : path_(std::filesystem::temp_directory_path() / "holt_jail_XXXXXX") {
  HOLT_CHECK(::mkdtemp(path_.data()) != nullptr);
}

ScratchDirectory::~ScratchDirectory() { std::filesystem::remove_all(path_); }

UniqueFd ScratchDirectory::Open() const {
  UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  HOLT_CHECK(fd.valid());
  return fd;
}

Listener ListenOnLoopback() {
  Listener listener;
  listener.fd.reset(
      ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  HOLT_CHECK(::bind(listener.fd.get(), generic, size) == 0);
  HOLT_CHECK(::listen(listener.fd.get(), 16) == 0);
  HOLT_CHECK(::getsockname(listener.fd.get(), generic, &size) == 0);
  listener.port = ntohs(address.sin_port);
  return listener;
}

}  // namespace holt
