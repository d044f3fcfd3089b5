// How holtctl ends when something went wrong: the exit code that scripts rely
// on, and a message that says what failed, why, and what to do. Runs in
// holtctl.
#ifndef HOLT_ADMIN_SERVICE_CLI_FAILURE_H_
#define HOLT_ADMIN_SERVICE_CLI_FAILURE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace holt::admin::cli {

// Documented in docs/holtctl.md; never renumbered.
enum class ExitCode {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,
  kNotFound = 3,
  kNotPermitted = 4,
  kConflict = 5,
  kUnavailable = 6,
};

ExitCode ExitCodeOf(const absl::Status& status);

// "error: ..." as a line, or the same as one JSON object.
std::string DescribeFailure(const absl::Status& status, bool as_json);

}  // namespace holt::admin::cli

#endif  // HOLT_ADMIN_SERVICE_CLI_FAILURE_H_
