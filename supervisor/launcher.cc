#include "supervisor/launcher.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace holt::supervisor {
namespace {

constexpr size_t kMaxPlacements = 16;
// Where descriptors wait while the low numbers are filled.
constexpr int kParking = 64;

// How far a child came; its name goes into the error.
enum class Step : int {
  kPlaceDescriptors,
  kCloseOthers,
  kLimits,
  kWorkingDirectory,
  kCapabilities,
  kUser,
  kDeathSignal,
  kExecute,
};

const char* NameOf(Step step) {
  switch (step) {
    case Step::kPlaceDescriptors:
      return "placing its descriptors";
    case Step::kCloseOthers:
      return "closing other descriptors";
    case Step::kLimits:
      return "setting its limits";
    case Step::kWorkingDirectory:
      return "entering its working directory";
    case Step::kCapabilities:
      return "giving up capabilities";
    case Step::kUser:
      return "becoming its user";
    case Step::kDeathSignal:
      return "tying it to the supervisor";
    case Step::kExecute:
      return "executing the program";
  }
  return "starting it";
}

struct Failure {
  Step step;
  int error;
};

// All that the child needs, laid out before the fork.
struct Prepared {
  const LaunchSpec* spec = nullptr;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  UniqueFd null_input;
  UniqueFd report_read;
  UniqueFd report_write;
  pid_t parent = 0;
};

// ---- In the child, between fork and exec.

// Tells the parent why and ends.
[[noreturn]] void Fail(int report, Step step) {
  const Failure failure{step, errno};
  [[maybe_unused]] const ssize_t told =
      ::write(report, &failure, sizeof(failure));
  ::_exit(127);
}

int Park(int report, int fd) {
  const int parked = ::fcntl(fd, F_DUPFD_CLOEXEC, kParking);
  if (parked < 0) Fail(report, Step::kPlaceDescriptors);
  return parked;
}

void Place(int report, int fd, int number, bool close_on_exec) {
  if (::dup3(fd, number, close_on_exec ? O_CLOEXEC : 0) < 0) {
    Fail(report, Step::kPlaceDescriptors);
  }
}

struct Placed {
  int report;
  int binary;
  int working_directory;
};

// Every source is moved out of the way first, so that none is overwritten
// before it was placed. What only we need ends up right behind the rest.
Placed PlaceDescriptors(const Prepared& prepared) {
  const LaunchSpec& spec = *prepared.spec;
  const int report =
      Park(prepared.report_write.get(), prepared.report_write.get());
  const int input = Park(report, prepared.null_input.get());
  const int output = Park(report, spec.standard_output);
  const int binary = Park(report, spec.binary);
  const int directory =
      spec.working_directory < 0 ? -1 : Park(report, spec.working_directory);
  std::array<int, kMaxPlacements> parked{};
  for (size_t i = 0; i < spec.descriptors.size(); ++i) {
    parked[i] = Park(report, spec.descriptors[i].fd);
  }
  Place(report, input, STDIN_FILENO, false);
  Place(report, output, STDOUT_FILENO, false);
  // Gaps in the table must be closed, not whatever of ours stood there.
  if (::close_range(STDERR_FILENO + 1, kParking - 1, 0) != 0) {
    Fail(report, Step::kCloseOthers);
  }
  for (size_t i = 0; i < spec.descriptors.size(); ++i) {
    Place(report, parked[i], spec.descriptors[i].number, false);
  }
  const Placed placed{kMaxPlaced + 1, kMaxPlaced + 2,
                      directory < 0 ? -1 : kMaxPlaced + 3};
  Place(report, report, placed.report, true);
  Place(report, binary, placed.binary, !spec.binary_may_be_script);
  if (directory >= 0) Place(report, directory, placed.working_directory, true);
  if (::close_range(kParking, ~0U, 0) != 0) {
    Fail(placed.report, Step::kCloseOthers);
  }
  return placed;
}

void SetLimit(int report, int resource, rlim_t value) {
  const rlimit limit{value, value};
  if (::setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) {
    Fail(report, Step::kLimits);
  }
}

void DropBoundingSet() {
  // Without CAP_SETPCAP the set stays; nothing in it can be had then, because
  // no_new_privs is set.
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
       ++capability) {
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

void DropCapabilities(int report) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (::syscall(SYS_capset, &header, none) != 0) {
    Fail(report, Step::kCapabilities);
  }
}

void BecomeUser(int report, uid_t user) {
  if (::setgroups(0, nullptr) != 0 || ::setresgid(user, user, user) != 0 ||
      ::setresuid(user, user, user) != 0) {
    Fail(report, Step::kUser);
  }
}

// A change of user clears it, hence the place.
void DieWithParent(int report, pid_t parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    Fail(report, Step::kDeathSignal);
  }
  // It died before the call above.
  if (::getppid() != parent) ::_exit(127);
}

void ResetSignals() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void RunChild(const Prepared& prepared) {
  const LaunchSpec& spec = *prepared.spec;
  const Placed placed = PlaceDescriptors(prepared);
  const int report = placed.report;
  SetLimit(report, RLIMIT_CORE, 0);
  SetLimit(report, RLIMIT_NOFILE, spec.open_files);
  if (spec.max_file_size.has_value()) {
    SetLimit(report, RLIMIT_FSIZE, *spec.max_file_size);
  }
  if (placed.working_directory >= 0 ? ::fchdir(placed.working_directory) != 0
                                    : ::chdir("/") != 0) {
    Fail(report, Step::kWorkingDirectory);
  }
  // Ctrl-C in a terminal is for the supervisor, which then drains.
  ::setsid();
  DropBoundingSet();
  if (spec.user.has_value()) BecomeUser(report, *spec.user);
  DropCapabilities(report);
  ResetSignals();
  DieWithParent(report, prepared.parent);
  ::syscall(SYS_execveat, placed.binary, "", prepared.arguments.data(),
            prepared.environment.data(), AT_EMPTY_PATH);
  Fail(report, Step::kExecute);
}

// ---- In the supervisor.

std::vector<char*> PointersTo(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

absl::StatusOr<Prepared> Prepare(const LaunchSpec& spec) {
  HOLT_CHECK(spec.descriptors.size() <= kMaxPlacements);
  for (const Placement& placement : spec.descriptors) {
    HOLT_CHECK(placement.number > STDERR_FILENO &&
               placement.number <= kMaxPlaced);
  }
  Prepared prepared;
  prepared.spec = &spec;
  prepared.arguments = PointersTo(spec.arguments);
  prepared.environment = PointersTo(spec.environment);
  prepared.parent = ::getpid();
  prepared.null_input.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!prepared.null_input.valid()) {
    return ErrnoToStatus(errno, "opening /dev/null");
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return ErrnoToStatus(errno, "making a pipe");
  }
  prepared.report_read.reset(ends[0]);
  prepared.report_write.reset(ends[1]);
  return prepared;
}

// Nothing to read: the exec closed the pipe, so the program runs.
absl::Status ReadReport(int fd) {
  Failure failure{};
  ssize_t size = 0;
  do {
    size = ::read(fd, &failure, sizeof(failure));
  } while (size < 0 && errno == EINTR);
  if (size == 0) return absl::OkStatus();
  if (size != sizeof(failure)) {
    return absl::InternalError("a child ended before it ran its program");
  }
  return ErrnoToStatus(failure.error, NameOf(failure.step));
}

}  // namespace

absl::StatusOr<UniqueFd> OpenProgram(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd.valid()) {
    return ErrnoToStatus(errno, absl::StrCat("cannot use the program ", path));
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoToStatus(errno, path);
  if (!S_ISREG(info.st_mode) || (info.st_mode & 0111) == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is no program: chmod +x it, or name another"));
  }
  return fd;
}

absl::StatusOr<pid_t> Launch(const LaunchSpec& spec) {
  ASSIGN_OR_RETURN(Prepared prepared, Prepare(spec));
  // Not fork(): that runs handlers, and those may take locks.
  const pid_t child = ::_Fork();
  if (child < 0) return ErrnoToStatus(errno, "starting a process");
  if (child == 0) RunChild(prepared);
  prepared.report_write.reset();
  const absl::Status started = ReadReport(prepared.report_read.get());
  if (started.ok()) return child;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return started;
}

}  // namespace holt::supervisor
