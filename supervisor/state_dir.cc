#include "supervisor/state_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/ipc/usage_journal.h"

namespace holt::supervisor {
namespace {

constexpr char kLockName[] = "supervisor.pid";
constexpr char kJournalsName[] = "journals";
constexpr char kJournalPrefix[] = "journal-";
constexpr char kSpoiltPrefix[] = "spoilt-";
constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

std::string JournalName(uint16_t slot) {
  return absl::StrCat(kJournalPrefix, slot);
}

// mkdir -p: parents that are missing belong to us alone as well.
absl::Status MakeDirectories(const std::string& path) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      return ErrnoToStatus(errno,
                           absl::StrCat("cannot make the directory ", part));
    }
    if (slash == std::string::npos) return absl::OkStatus();
  }
}

absl::Status CheckOwnerAndMode(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return ErrnoToStatus(errno, path);
  if (info.st_uid != ::geteuid()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the state directory ", path, " belongs to user ",
                     info.st_uid, " and the supervisor runs as user ",
                     ::geteuid(), ": chown ", ::geteuid(), " ", path));
  }
  if ((info.st_mode & 022) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("others may write to the state directory ", path,
                     ": chmod 700 ", path));
  }
  return absl::OkStatus();
}

std::string ReadPid(int fd) {
  char text[16];
  const ssize_t size = ::pread(fd, text, sizeof(text), 0);
  const absl::string_view pid = absl::StripAsciiWhitespace(
      absl::string_view(text, size > 0 ? static_cast<size_t>(size) : 0));
  uint32_t number = 0;
  return absl::SimpleAtoi(pid, &number) ? absl::StrCat(number) : "unknown";
}

}  // namespace

absl::StatusOr<StateDir> StateDir::Open(const std::string& path) {
  RETURN_IF_ERROR(MakeDirectories(path));
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) {
    return ErrnoToStatus(errno,
                         absl::StrCat("cannot use the state directory ", path));
  }
  RETURN_IF_ERROR(CheckOwnerAndMode(directory.get(), path));
  StateDir state(path, std::move(directory));
  RETURN_IF_ERROR(state.TakeLock());
  ASSIGN_OR_RETURN(state.journals_,
                   state.OpenSubdirectory(kJournalsName, std::nullopt));
  return state;
}

absl::Status StateDir::TakeLock() {
  lock_.reset(::openat(fd(), kLockName,
                       O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!lock_.valid()) {
    return ErrnoToStatus(errno, absl::StrCat("cannot lock ", path_));
  }
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("another supervisor (pid ", ReadPid(lock_.get()),
                     ") uses the state directory ", path_,
                     ": stop it, or set HOLT_STATE_DIR to another directory"));
  }
  const std::string pid = absl::StrCat(::getpid(), "\n");
  if (::ftruncate(lock_.get(), 0) != 0 ||
      ::pwrite(lock_.get(), pid.data(), pid.size(), 0) !=
          static_cast<ssize_t>(pid.size())) {
    return ErrnoToStatus(errno, absl::StrCat("cannot write to ", path_));
  }
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> StateDir::OpenJournal(uint16_t slot) const {
  absl::StatusOr<UniqueFd> journal = PrepareJournal(slot);
  if (!absl::IsFailedPrecondition(journal.status())) return journal;
  RETURN_IF_ERROR(SetJournalAside(slot));
  return PrepareJournal(slot);
}

// A worker can spoil its own journal, or a disk can. What cannot be read any
// more is kept for whoever wants to look, and the service starts.
absl::Status StateDir::SetJournalAside(uint16_t slot) const {
  const std::string name = JournalName(slot);
  const std::string aside = absl::StrCat(
      kSpoiltPrefix, slot, "-", absl::ToUnixMillis(Clock::Real().Now()));
  if (::renameat(journals_.get(), name.c_str(), journals_.get(),
                 aside.c_str()) != 0) {
    return ErrnoToStatus(errno,
                         absl::StrCat("cannot set the spoilt journal ", path_,
                                      "/journals/", name, " aside"));
  }
  Log(Severity::kError, "journal_spoilt")
      .Number("slot", slot)
      .Text("kept_as", OperatorText(absl::StrCat(path_, "/journals/", aside)));
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> StateDir::PrepareJournal(uint16_t slot) const {
  const std::string name = JournalName(slot);
  UniqueFd file(::openat(journals_.get(), name.c_str(),
                         O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) {
    return ErrnoToStatus(
        errno, absl::StrCat("cannot open ", path_, "/journals/", name));
  }
  RETURN_IF_ERROR(
      Annotate(PrepareJournalFile(file.get(), kDefaultJournalCapacity),
               absl::StrCat(path_, "/journals/", name)));
  return file;
}

absl::StatusOr<std::vector<uint16_t>> StateDir::JournalSlots() const {
  const int copy = ::openat(journals_.get(), ".", kDirectoryFlags);
  DIR* opened = copy < 0 ? nullptr : ::fdopendir(copy);
  if (opened == nullptr) return ErrnoToStatus(errno, "reading the journals");
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opened, &::closedir);
  std::vector<uint16_t> slots;
  while (const dirent* entry = ::readdir(listing.get())) {
    absl::string_view name(entry->d_name);
    uint32_t slot = 0;
    if (!absl::ConsumePrefix(&name, kJournalPrefix)) continue;
    if (!absl::SimpleAtoi(name, &slot) || slot > 0xffff) continue;
    if (JournalName(static_cast<uint16_t>(slot)) != entry->d_name) continue;
    slots.push_back(static_cast<uint16_t>(slot));
  }
  std::sort(slots.begin(), slots.end());
  return slots;
}

absl::StatusOr<UniqueFd> StateDir::OpenSubdirectory(
    const char* name, std::optional<uid_t> owner) const {
  const std::string what = absl::StrCat("the directory ", path_, "/", name);
  if (::mkdirat(fd(), name, 0700) != 0 && errno != EEXIST) {
    return ErrnoToStatus(errno, absl::StrCat("making ", what));
  }
  UniqueFd made(::openat(fd(), name, kDirectoryFlags));
  if (!made.valid())
    return ErrnoToStatus(errno, absl::StrCat("opening ", what));
  if (owner.has_value() && ::fchown(made.get(), *owner, *owner) != 0) {
    return ErrnoToStatus(errno, absl::StrCat("giving away ", what));
  }
  return made;
}

}  // namespace holt::supervisor
