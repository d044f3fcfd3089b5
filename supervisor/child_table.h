// The table of children: which program a role runs, which descriptors it is
// given at which number (common/ipc/descriptors.h), and within which limits.
// Supervisor only.
#ifndef HOLT_SUPERVISOR_CHILD_TABLE_H_
#define HOLT_SUPERVISOR_CHILD_TABLE_H_

#include "common/base/log.h"
#include "common/ipc/descriptors.h"
#include "supervisor/launcher.h"
#include "supervisor/node_resources.h"

namespace holt::supervisor {

// What each child has of its own; borrowed.
struct OwnDescriptors {
  int channel = -1;   // its end of the pair with the supervisor
  int counters = -1;  // its page of counters
  int settings = -1;  // workers only: the others' are the node's
  int journal = -1;   // workers only
};

// How to start a child of `role` (one of the four of our own).
LaunchSpec MakeLaunchSpec(Role role, const NodeResources& node,
                          const OwnDescriptors& own);

// "worker", "courier", ...: for log lines.
Word NameOf(Role role);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_CHILD_TABLE_H_
