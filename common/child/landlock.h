// Landlock for the calling thread: files, TCP and signals by the rules of a
// sandbox file. Children, on their way into their sandbox.
#ifndef HOLT_COMMON_CHILD_LANDLOCK_H_
#define HOLT_COMMON_CHILD_LANDLOCK_H_

#include "absl/status/status.h"
#include "common/child/sandbox_file.h"

namespace holt {

// Enforces the path rules and connect ports of `sandbox` at its ABI; all other
// use of the file system, of TCP bind and connect (ABI 4), of devices (5), and
// of signals and abstract sockets outside (6) is refused from here on. OK
// without doing anything when the ABI is 0.
absl::Status EnforceLandlock(const Sandbox& sandbox);

}  // namespace holt

#endif  // HOLT_COMMON_CHILD_LANDLOCK_H_
