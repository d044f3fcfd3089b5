// Starts a child process: fork, then exec of a binary that was opened before.
// Between the two only async-signal-safe calls are made, no heap is touched,
// and the pages that hold secrets are not mapped. Supervisor only.
//
// What the child finds: standard input is /dev/null, the descriptors named in
// the spec stand at their numbers, everything else is closed; its own user and
// no groups; no capabilities, not even in the bounding set; no core files; no
// new privileges; SIGKILL when the supervisor dies; default signals; the
// environment of the spec and nothing of ours; a session of its own, so that a
// terminal's signals reach the supervisor only.
#ifndef HOLT_SUPERVISOR_LAUNCHER_H_
#define HOLT_SUPERVISOR_LAUNCHER_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"

namespace holt::supervisor {

// `fd` of ours is to stand at `number` in the child.
struct Placement {
  int number;
  int fd;
};

// Descriptors are borrowed for the call.
struct LaunchSpec {
  int binary = -1;  // from OpenProgram
  // A script's interpreter opens the script again; programs of our own do
  // without.
  bool binary_may_be_script = false;
  std::vector<std::string> arguments;  // the first is the program's name
  std::vector<std::string> environment;
  std::vector<Placement> descriptors;  // numbers from 3 to kMaxPlaced
  int standard_output = 2;             // our descriptor that becomes its stdout
  int working_directory = -1;          // -1: the root directory
  std::optional<uid_t> user;           // user and group; none: ours
  uint32_t open_files = 1024;
  // RLIMIT_FSIZE; nullopt: none.
  std::optional<uint64_t> max_file_size = 0;
};

// Highest number a descriptor can be placed at.
inline constexpr int kMaxPlaced = 31;

// A descriptor to execute `path` by, however deep below folders the child's
// user may not enter. The sentence of a failure names the file.
absl::StatusOr<UniqueFd> OpenProgram(const std::string& path);

// The process id of the child once it runs its program. An error, with the step
// that failed, when it did not get there; nothing is left behind then.
absl::StatusOr<pid_t> Launch(const LaunchSpec& spec);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_LAUNCHER_H_
