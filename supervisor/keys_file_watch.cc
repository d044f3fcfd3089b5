#include "supervisor/keys_file_watch.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace holt::supervisor {
namespace {

int64_t Nanos(const timespec& time) {
  return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

KeysFileWatch::State KeysFileWatch::Inspect(UniqueFd& file) const {
  State state;
  // O_NONBLOCK: a pipe of that name must not stop the supervisor.
  file.reset(::open(path_.c_str(),
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.valid()) {
    state.seen = errno == ENOENT ? Seen::kMissing : Seen::kUnreadable;
    return state;
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    state.seen = Seen::kUnreadable;
    return state;
  }
  state.seen = Seen::kChanged;
  state.identity = {info.st_dev, info.st_ino, info.st_size, Nanos(info.st_mtim),
                    Nanos(info.st_ctim)};
  return state;
}

KeysFileWatch::Seen KeysFileWatch::Look(UniqueFd& file) {
  file.reset();
  if (path_.empty()) return Seen::kNothingNew;
  const State now = Inspect(file);
  if (now.seen != Seen::kChanged) file.reset();
  if (told_ == now) {
    file.reset();
    return Seen::kNothingNew;
  }
  told_ = now;
  return now.seen;
}

}  // namespace holt::supervisor
