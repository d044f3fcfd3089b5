// The supervisor's command line: few flags, the configuration file does the
// rest.
#ifndef HOLT_SUPERVISOR_COMMAND_LINE_H_
#define HOLT_SUPERVISOR_COMMAND_LINE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace holt::supervisor {

struct CommandLine {
  std::string config;   // "": $HOLT_CONFIG, else none
  std::string bin_dir;  // "": the folder of the supervisor's own program
  bool check_config = false;
  bool demo_upstream = false;
  bool help = false;
  bool version = false;
};

// `arguments` are argv without the program's name. InvalidArgument: one
// sentence, with the flag that was probably meant.
absl::StatusOr<CommandLine> ParseCommandLine(
    absl::Span<const char* const> arguments);

// What --help prints.
extern const char kHelp[];

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_COMMAND_LINE_H_
