#include "admin-service/cli/holtctl.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "admin-service/cli/address.h"
#include "admin-service/cli/arguments.h"
#include "admin-service/cli/client.h"
#include "admin-service/cli/commands.h"
#include "common/base/status_macros.h"
#include "common/base/version.h"

namespace holt::admin::cli {
namespace {

absl::Status RunCommand(const Session& session) {
  switch (session.options.command) {
    case Command::kKeysCreate:
      return CreateKey(session);
    case Command::kKeysList:
      return ListKeys(session);
    case Command::kKeysGet:
      return GetKey(session);
    case Command::kKeysRevoke:
      return RevokeKey(session);
    case Command::kKeysDisable:
      return DisableKey(session);
    case Command::kKeysEnable:
      return EnableKey(session);
    case Command::kUsage:
      return ShowUsage(session);
    case Command::kStatus:
      return ShowStatus(session);
    case Command::kVersion:
      break;
  }
  return absl::InternalError("a command without a call");
}

absl::Status Execute(const Options& options, Terminal& terminal,
                     absl::Time now) {
  if (options.command == Command::kVersion) {
    terminal.Out(absl::StrCat("holtctl ", kVersion, "\n"));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string address, FindAddress(options.address));
  ASSIGN_OR_RETURN(UniqueFd connection, Connect(address));
  Client client(std::move(connection), options.timeout);
  return RunCommand({client, terminal, options, now});
}

}  // namespace

ExitCode RunHoltctl(const std::vector<std::string>& arguments,
                    Terminal& terminal, absl::Time now) {
  const ParsedArguments parsed = ParseArguments(arguments, now);
  if (!parsed.options.has_value()) {
    if (!parsed.is_error) {
      terminal.Out(parsed.text);
      return ExitCode::kOk;
    }
    terminal.Error(parsed.text);
    return ExitCode::kUsage;
  }
  const Options& options = *parsed.options;
  absl::Status status = Execute(options, terminal, now);
  if (status.ok() && terminal.has_lost_output()) {
    status = absl::DataLossError(
        "standard output did not take all of the answer: what was asked for is "
        "done, but not shown");
  }
  if (!status.ok()) {
    terminal.Error(
        DescribeFailure(status, options.output == OutputFormat::kJson));
  }
  return ExitCodeOf(status);
}

}  // namespace holt::admin::cli
