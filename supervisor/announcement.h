// What the supervisor tells people when the node serves: one line for programs
// on standard output, one plain account of the protection for the operator on
// standard error. Supervisor only.
#ifndef HOLT_SUPERVISOR_ANNOUNCEMENT_H_
#define HOLT_SUPERVISOR_ANNOUNCEMENT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "supervisor/node_resources.h"

namespace holt::supervisor {

// "ready https://127.0.0.1:8443\n".
std::string ReadyLine(const NodeResources& node);

// What protects this node and, plainly, what does not. `secrets` is
// "memfd_secret" or "mlock".
std::string Banner(const NodeResources& node, absl::string_view secrets,
                   bool demo);

// Writes all of `text` to the descriptor; a reader that is gone is ignored.
void WriteText(int fd, absl::string_view text);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_ANNOUNCEMENT_H_
