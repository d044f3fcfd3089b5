#include "supervisor/command_line.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"
#include "supervisor/config/suggestion.h"

ABSL_FLAG(std::string, config, "", "the configuration file");
ABSL_FLAG(std::string, bin_dir, "", "the folder of the other programs");
ABSL_FLAG(bool, check_config, false, "judge the configuration and end");
ABSL_FLAG(bool, demo_upstream, false, "run the demo upstream, and use it");
ABSL_FLAG(bool, help, false, "explain the flags");
ABSL_FLAG(bool, version, false, "tell the version");

namespace holt::supervisor {

const char kHelp[] =
    R"(holt-supervisor: starts and watches one Holt node.

  holt-supervisor --config=holt.textproto   serve as the file says
  UPSTREAM_URL=http://localhost:8081 PORT=8443 TLS_CERT_FILE=cert.pem \
    TLS_KEY_FILE=key.pem holt-supervisor     serve as the environment says
  holt-supervisor --config=holt.textproto --check-config
                                             judge the file, start nothing
  holt-supervisor --demo-upstream            try it without a model

Flags:
  --config=FILE     the configuration (default: $HOLT_CONFIG, else none);
                    environment variables override it
  --check-config    load everything, say whether it is fine, end
  --demo-upstream   run holt-demo-upstream and serve what it answers
  --bin-dir=FOLDER  where the other holt programs are (default: beside this one)
  -h, --help, --version

When it serves it writes "ready https://ADDRESS:PORT" on standard output.
SIGTERM: finish running requests, then end. SIGHUP: read certificates and
credentials again. Exit code: 0 ended as asked, 1 it could not go on, 2 the
command line was wrong.
)";

namespace {

struct FlagName {
  const char* text;
  bool is_switch;
};

constexpr FlagName kFlags[] = {
    {"config", false},       {"bin-dir", false}, {"check-config", true},
    {"demo-upstream", true}, {"help", true},     {"version", true},
};

absl::Status UnknownFlag(absl::string_view name) {
  std::vector<std::string> known;
  for (const FlagName& flag : kFlags) known.emplace_back(flag.text);
  const std::string meant = NearestWord(name, known);
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown flag --", name,
      meant.empty() ? "; --help lists them all"
                    : absl::StrCat("; did you mean --", meant, "?")));
}

absl::Status SetFlag(const FlagName& flag, absl::string_view value) {
  absl::CommandLineFlag* found =
      absl::FindCommandLineFlag(absl::StrReplaceAll(flag.text, {{"-", "_"}}));
  std::string reason;
  if (found != nullptr && found->ParseFrom(value, &reason)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag.text, ": \"", value, "\" is no value for it"));
}

// One argument, with the one after it when that is its value; `used` counts
// both.
absl::Status ParseArgument(absl::Span<const char* const> arguments,
                           size_t& used) {
  absl::string_view name(arguments[used++]);
  const std::string whole(name);
  if (whole == "-h") name = "--help";
  if (!absl::ConsumePrefix(&name, "--")) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", whole, "\" is no flag; --help lists them all"));
  }
  const size_t equals = name.find('=');
  const bool has_value = equals != absl::string_view::npos;
  const absl::string_view value = has_value ? name.substr(equals + 1) : "";
  name = name.substr(0, equals);
  const auto* flag =
      std::find_if(std::begin(kFlags), std::end(kFlags),
                   [&](const FlagName& known) { return name == known.text; });
  if (flag == std::end(kFlags)) return UnknownFlag(name);
  if (has_value) return SetFlag(*flag, value);
  if (flag->is_switch) return SetFlag(*flag, "true");
  if (used == arguments.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--", flag->text, " needs a value"));
  }
  return SetFlag(*flag, arguments[used++]);
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(
    absl::Span<const char* const> arguments) {
  size_t used = 0;
  while (used < arguments.size()) {
    RETURN_IF_ERROR(ParseArgument(arguments, used));
  }
  CommandLine line;
  line.config = absl::GetFlag(FLAGS_config);
  line.bin_dir = absl::GetFlag(FLAGS_bin_dir);
  line.check_config = absl::GetFlag(FLAGS_check_config);
  line.demo_upstream = absl::GetFlag(FLAGS_demo_upstream);
  line.help = absl::GetFlag(FLAGS_help);
  line.version = absl::GetFlag(FLAGS_version);
  return line;
}

}  // namespace holt::supervisor
