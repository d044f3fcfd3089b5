// What the supervisor does to its own process before it reads a secret, and
// before it serves: no cores, not dumpable, no swap, few capabilities.
#ifndef HOLT_SUPERVISOR_PROCESS_SETUP_H_
#define HOLT_SUPERVISOR_PROCESS_SETUP_H_

#include <sys/types.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace holt::supervisor {

// First thing: no core files, not dumpable, no new privileges, as many
// descriptors as the system grants, files for our eyes only.
absl::Status HardenProcess();

// FailedPrecondition when `swaps`, the text of /proc/swaps, names an active
// area and `allowed` is false: what was said could reach a disk.
absl::Status CheckSwap(absl::string_view swaps, bool allowed);
// The same for this machine. A machine without /proc/swaps has none.
absl::Status CheckSwapOfMachine(bool allowed);

// Children can run as users of their own, `user` among them. Tried in a process
// that ends at once, because in a container much may stand in the way.
bool CanSeparateUsers(uid_t user);

// Gives up every capability that starting and ending children does not need.
// Call once everything that needs more was opened. Nothing happens without any.
absl::Status DropCapabilities();

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_PROCESS_SETUP_H_
