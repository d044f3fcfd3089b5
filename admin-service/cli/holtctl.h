// holtctl as a function: arguments in, exit code out. Runs in holtctl and in
// its tests.
#ifndef HOLT_ADMIN_SERVICE_CLI_HOLTCTL_H_
#define HOLT_ADMIN_SERVICE_CLI_HOLTCTL_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "admin-service/cli/failure.h"
#include "admin-service/cli/terminal.h"

namespace holt::admin::cli {

// `arguments` without the program's name.
ExitCode RunHoltctl(const std::vector<std::string>& arguments,
                    Terminal& terminal, absl::Time now);

}  // namespace holt::admin::cli

#endif  // HOLT_ADMIN_SERVICE_CLI_HOLTCTL_H_
