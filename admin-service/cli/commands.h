// What holtctl does, one function per command group: call, then print. Runs in
// holtctl. A failure is returned, never printed here.
#ifndef HOLT_ADMIN_SERVICE_CLI_COMMANDS_H_
#define HOLT_ADMIN_SERVICE_CLI_COMMANDS_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "admin-service/cli/client.h"
#include "admin-service/cli/options.h"
#include "admin-service/cli/table.h"
#include "admin-service/cli/terminal.h"

namespace holt::admin::cli {

// What every command works with. References outlive the call.
struct Session {
  Client& client;
  Terminal& terminal;
  const Options& options;
  absl::Time now;

  [[nodiscard]] Table::Style style() const {
    return {.headings = !options.no_headers, .colour = terminal.has_colour()};
  }
};

absl::Status CreateKey(const Session& session);
absl::Status ListKeys(const Session& session);
absl::Status GetKey(const Session& session);
// Asks before it revokes; Cancelled when the answer was no, FailedPrecondition
// when nobody could be asked.
absl::Status RevokeKey(const Session& session);
absl::Status DisableKey(const Session& session);
absl::Status EnableKey(const Session& session);
absl::Status ShowUsage(const Session& session);
absl::Status ShowStatus(const Session& session);

}  // namespace holt::admin::cli

#endif  // HOLT_ADMIN_SERVICE_CLI_COMMANDS_H_
