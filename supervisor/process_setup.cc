#include "supervisor/process_setup.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "common/base/status_macros.h"
#include "common/base/unique_fd.h"

namespace holt::supervisor {
namespace {

// Starting children as other users, ending them, giving the admin-service its
// directory, reading a keys file or certificate that belongs to somebody else.
constexpr capng_act_t kAdd = CAPNG_ADD;
constexpr unsigned kKept[] = {CAP_SETUID, CAP_SETGID,          CAP_SETPCAP,
                              CAP_KILL,   CAP_DAC_READ_SEARCH, CAP_CHOWN};

absl::Status RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return ErrnoToStatus(errno, "reading the limit of open files");
  }
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return ErrnoToStatus(errno, "raising the limit of open files");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status HardenProcess() {
  const rlimit no_core{0, 0};
  if (::setrlimit(RLIMIT_CORE, &no_core) != 0) {
    return ErrnoToStatus(errno, "switching core files off");
  }
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return ErrnoToStatus(errno, "making the process undumpable");
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return ErrnoToStatus(errno, "giving up new privileges");
  }
  ::umask(077);
  return RaiseDescriptorLimit();
}

absl::Status CheckSwap(absl::string_view swaps, bool allowed) {
  // One heading, then a line per active area.
  const auto lines = std::count(swaps.begin(), swaps.end(), '\n');
  if (lines <= 1 || allowed) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "swap is active, so what people write could reach a disk: switch it off "
      "(swapoff -a), or, for development only, set processes { allow_swap: "
      "true }");
}

absl::Status CheckSwapOfMachine(bool allowed) {
  UniqueFd fd(::open("/proc/swaps", O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return absl::OkStatus();
  char text[4096];
  const ssize_t size = ::read(fd.get(), text, sizeof(text));
  if (size < 0) return ErrnoToStatus(errno, "reading /proc/swaps");
  return CheckSwap(absl::string_view(text, static_cast<size_t>(size)), allowed);
}

bool CanSeparateUsers(uid_t user) {
  if (::geteuid() != 0) return false;
  const pid_t child = ::_Fork();
  if (child < 0) return false;
  if (child == 0) {
    const bool became = ::setgroups(0, nullptr) == 0 &&
                        ::setresgid(user, user, user) == 0 &&
                        ::setresuid(user, user, user) == 0;
    ::_exit(became ? 0 : 1);
  }
  int status = -1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status == 0;
}

absl::Status DropCapabilities() {
  if (::capng_get_caps_process() != 0) {
    return absl::InternalError("reading the process's capabilities");
  }
  const bool may_bound =
      ::capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
  bool kept[std::size(kKept)];
  for (size_t i = 0; i < std::size(kKept); ++i) {
    kept[i] = ::capng_have_capability(CAPNG_PERMITTED, kKept[i]) != 0;
  }
  ::capng_clear(CAPNG_SELECT_ALL);
  const auto sets = static_cast<capng_type_t>(
      CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET);
  for (size_t i = 0; i < std::size(kKept); ++i) {
    if (kept[i]) ::capng_update(kAdd, sets, kKept[i]);
  }
  // Only the holder of CAP_SETPCAP may shrink the bounding set.
  if (::capng_apply(may_bound ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) != 0) {
    return absl::PermissionDeniedError("giving up capabilities was refused");
  }
  return absl::OkStatus();
}

}  // namespace holt::supervisor
