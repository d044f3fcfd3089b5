// Finding the instance to talk to, and connecting to its Unix socket. Runs in
// holtctl.
#ifndef HOLT_ADMIN_SERVICE_CLI_ADDRESS_H_
#define HOLT_ADMIN_SERVICE_CLI_ADDRESS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/unique_fd.h"

namespace holt::admin::cli {

// The socket's path: `flag` if not empty, else $HOLTCTL_ADDRESS, else
// admin.sock in $HOLT_STATE_DIR, $XDG_STATE_HOME/holt or ~/.local/state/holt,
// whichever variable is set first. InvalidArgument for an address that is no
// path of a Unix socket.
absl::StatusOr<std::string> FindAddress(absl::string_view flag);

// A connected stream socket. Paths of any length work. Unavailable: nobody
// listens there; PermissionDenied: this user may not reach it.
absl::StatusOr<UniqueFd> Connect(const std::string& path);

}  // namespace holt::admin::cli

#endif  // HOLT_ADMIN_SERVICE_CLI_ADDRESS_H_
