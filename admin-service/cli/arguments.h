// The command line of holtctl, parsed. Runs in holtctl. CLI11 throws; nothing
// of that leaves this file.
#ifndef HOLT_ADMIN_SERVICE_CLI_ARGUMENTS_H_
#define HOLT_ADMIN_SERVICE_CLI_ARGUMENTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "admin-service/cli/options.h"

namespace holt::admin::cli {

// Either options, or a text to print and end with: help that was asked for, or
// what is wrong with the command line.
struct ParsedArguments {
  std::optional<Options> options;
  std::string text;
  bool is_error = false;
};

// `arguments` without the program's name. Times relative to `now`.
ParsedArguments ParseArguments(std::vector<std::string> arguments,
                               absl::Time now);

}  // namespace holt::admin::cli

#endif  // HOLT_ADMIN_SERVICE_CLI_ARGUMENTS_H_
