// The state directory of one node and the fixed names below it:
//
//   supervisor.pid       who uses it; locked while that supervisor lives
//   journals/journal-N   the usage journal of worker slot N
//   admin/               the admin-service's own: the ledger
//   admin.sock           the administration socket
//   sidecar/             the sidecar's working directory
//
// Everything is opened relative to one descriptor, without following links.
// Supervisor only; several supervisors live side by side in directories of
// their own.
#ifndef HOLT_SUPERVISOR_STATE_DIR_H_
#define HOLT_SUPERVISOR_STATE_DIR_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"

namespace holt::supervisor {

class StateDir {
 public:
  // None yet.
  StateDir() = default;
  // Makes the directory where it is missing (0700, parents too) and takes its
  // lock. FailedPrecondition names the other supervisor, or says how owner and
  // mode must be.
  static absl::StatusOr<StateDir> Open(const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int fd() const { return directory_.get(); }

  // The journal of worker slot `slot`, read-write, made and prepared where it
  // is missing. A file that is no journal is renamed to spoilt-SLOT-TIME, and
  // said so.
  [[nodiscard]] absl::StatusOr<UniqueFd> OpenJournal(uint16_t slot) const;
  // The slots that have a journal file, in order.
  [[nodiscard]] absl::StatusOr<std::vector<uint16_t>> JournalSlots() const;

  // A directory below this one, made 0700 where it is missing and given to
  // `owner` if there is one.
  [[nodiscard]] absl::StatusOr<UniqueFd> OpenSubdirectory(
      const char* name, std::optional<uid_t> owner) const;

 private:
  [[nodiscard]] absl::StatusOr<UniqueFd> PrepareJournal(uint16_t slot) const;
  [[nodiscard]] absl::Status SetJournalAside(uint16_t slot) const;
  StateDir(std::string path, UniqueFd directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}
  absl::Status TakeLock();

  std::string path_;
  UniqueFd directory_;
  UniqueFd lock_;
  UniqueFd journals_;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_STATE_DIR_H_
