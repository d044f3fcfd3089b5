// Watches the operator's keys file by asking for its identity now and then: a
// file replaced by rename, as editors and secret managers do, is noticed like
// one written in place. Supervisor; the contents are not looked at here, the
// admin-service parses them.
#ifndef HOLT_SUPERVISOR_KEYS_FILE_WATCH_H_
#define HOLT_SUPERVISOR_KEYS_FILE_WATCH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "common/base/unique_fd.h"

namespace holt::supervisor {

class KeysFileWatch {
 public:
  // Watches nothing when `path` is empty.
  explicit KeysFileWatch(std::string path) : path_(std::move(path)) {}

  enum class Seen {
    kNothingNew,
    kChanged,     // `file` is open for reading
    kMissing,     // it is gone, or was never there
    kUnreadable,  // there, yet no regular file that we may read
  };
  // What is to be told since the last call; each state once.
  Seen Look(UniqueFd& file);

  // A new listener knows nothing: the next Look tells the state as it is.
  void TellAgain() { told_.reset(); }

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  // Device, inode, size, modification and change time in nanoseconds.
  using Identity = std::tuple<uint64_t, uint64_t, int64_t, int64_t, int64_t>;
  struct State {
    Seen seen = Seen::kMissing;
    Identity identity;
    bool operator==(const State&) const = default;
  };
  [[nodiscard]] State Inspect(UniqueFd& file) const;

  const std::string path_;
  std::optional<State> told_;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_KEYS_FILE_WATCH_H_
