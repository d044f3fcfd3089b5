#include "admin-service/cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "admin-service/cli/suggestion.h"
#include "admin-service/cli/values.h"
#include "common/base/status_macros.h"

namespace holt::admin::cli {
namespace {

constexpr std::array<absl::string_view, 5> kNouns = {"keys", "usage", "status",
                                                     "version", "help"};
constexpr std::array<absl::string_view, 6> kKeyVerbs = {
    "create", "list", "get", "revoke", "disable", "enable"};
// Options that a word of their own follows.
constexpr std::array<absl::string_view, 4> kValued = {"--address", "--timeout",
                                                      "-o", "--output"};

constexpr char kAbout[] =
    "Manages a Holt gateway: API keys, usage, status.\n\n"
    "  holtctl keys create \"Field team\" --owner activist --expires 90d\n"
    "  holtctl usage --group-by key,model --since 30d\n"
    "  holtctl status\n";

constexpr char kCreateExamples[] =
    "\nExamples:\n"
    "  holtctl keys create \"Field team\" --owner activist --expires 90d\n"
    "  KEY=$(holtctl keys create ci --owner integration -o secret)\n";

constexpr char kUsageExamples[] =
    "\nExamples:\n"
    "  holtctl usage --group-by key,model --since 30d\n"
    "  holtctl usage --group-by day --time-zone Europe/Berlin -o csv\n";

constexpr char kFooter[] =
    "\nExit codes: 0 done, 1 refused, 2 wrong usage, 3 not found, 4 not "
    "permitted, 5 conflict, 6 not available.\nManual: docs/holtctl.md";

// What was typed where it still has to be understood.
struct Typed {
  std::string timeout = "10s";
  std::string output;
  std::string owner;
  std::string expires;
  int64_t requests_per_window = 0;
  std::string name;
  std::string group_by;
  std::string since;
  std::string until;
  std::string key;
};

// The grammar, bound to the options it fills.
class Grammar {
 public:
  Grammar(Options& options, Typed& typed);

  void Parse(std::vector<std::string> arguments) {
    // CLI11 takes a vector from its end.
    std::reverse(arguments.begin(), arguments.end());
    app_.parse(std::move(arguments));
  }
  // Prints help of the command that was named.
  [[nodiscard]] std::string Help() const { return app_.help("", {}); }
  [[nodiscard]] bool requests_given() const {
    return requests_option_->count() > 0;
  }

 private:
  CLI::App* Command(CLI::App& parent, const char* name, const char* about,
                    cli::Command command);
  void AddKeys();
  void AddKeyVerb(CLI::App& keys, const char* name, const char* about,
                  cli::Command command);
  void AddUsage();

  Options& options_;
  Typed& typed_;
  CLI::App app_{kAbout, "holtctl"};
  CLI::Option* requests_option_ = nullptr;
};

Grammar::Grammar(Options& options, Typed& typed)
    : options_(options), typed_(typed) {
  app_.require_subcommand(1);
  app_.footer(kFooter);
  app_.set_help_flag("-h,--help", "Show help and end");
  app_.add_flag_callback(
      "--version", [] { throw CLI::CallForVersion("", 0); },
      "Show the version of holtctl and end");
  app_.add_option("--address", options.address,
                  "Path of Holt's socket (default: $HOLTCTL_ADDRESS, else "
                  "admin.sock in $HOLT_STATE_DIR or the state folder)");
  app_.add_option("--timeout", typed.timeout, "How long a call may take")
      ->default_str("10s");
  app_.add_option("-o,--output", typed.output,
                  "table, json; also csv (usage), name (keys list), secret "
                  "(keys create)");
  app_.add_flag("--no-headers", options.no_headers, "Tables without headings");
  AddKeys();
  AddUsage();
  Command(app_, "status", "Shows what the node runs and how it fares.",
          Command::kStatus);
  Command(app_, "version", "Shows the version of holtctl.", Command::kVersion);
}

CLI::App* Grammar::Command(CLI::App& parent, const char* name,
                           const char* about, cli::Command command) {
  CLI::App* const app = parent.add_subcommand(name, about);
  app->fallthrough();
  app->callback([this, command] { options_.command = command; });
  return app;
}

void Grammar::AddKeys() {
  CLI::App& keys = *app_.add_subcommand("keys", "Makes and manages API keys.");
  keys.alias("key");
  keys.require_subcommand(1);
  keys.fallthrough();
  CLI::App& create =
      *Command(keys, "create", "Makes an API key and shows its secret, once.",
               Command::kKeysCreate);
  create.footer(absl::StrCat(kCreateExamples, kFooter));
  create.add_option("NAME", typed_.name, "What people call the key")
      ->required();
  create
      .add_option("--owner", typed_.owner,
                  "Who gets it: activist or integration")
      ->required()
      ->check(CLI::IsMember({"activist", "integration"}));
  create.add_option("--expires", typed_.expires,
                    "When it ends: 30d, 12h, 2027-01-31 (default: never)");
  requests_option_ =
      create
          .add_option("--requests-per-window,--requests-per-minute",
                      typed_.requests_per_window,
                      "Requests in the node's limiter window, a minute by "
                      "default (default: the node's limits only)")
          ->check(CLI::Range(1, 1024));
  CLI::App& list =
      *Command(keys, "list", "Shows API keys.", Command::kKeysList);
  list.add_flag("--revoked", options_.show_revoked, "Revoked keys too");
  AddKeyVerb(keys, "get", "Shows one API key.", Command::kKeysGet);
  AddKeyVerb(keys, "revoke", "Takes an API key away for good.",
             Command::kKeysRevoke);
  AddKeyVerb(keys, "disable", "Suspends an API key.", Command::kKeysDisable);
  AddKeyVerb(keys, "enable", "Ends the suspension of an API key.",
             Command::kKeysEnable);
}

void Grammar::AddKeyVerb(CLI::App& keys, const char* name, const char* about,
                         cli::Command command) {
  CLI::App& verb = *Command(keys, name, about, command);
  verb.add_option("KEY", typed_.key, "Its id, as \"keys list\" shows it")
      ->required();
  if (command == Command::kKeysRevoke) {
    verb.add_flag("--yes", options_.yes, "Do not ask");
  }
}

void Grammar::AddUsage() {
  CLI::App& usage = *Command(
      app_, "usage", "Shows what was used and what it costs.", Command::kUsage);
  usage.footer(absl::StrCat(kUsageExamples, kFooter));
  usage
      .add_option("--group-by", typed_.group_by,
                  "key, model, day, endpoint; several with commas")
      ->default_str("key,model");
  usage.add_option("--since", typed_.since,
                   "From when: 30d, today, 2026-11-01 (default: all)");
  usage.add_option("--until", typed_.until, "Until when (default: now)");
  usage.add_option("--time-zone", *options_.usage.mutable_time_zone(),
                   "Whose days are meant (default: UTC)");
  usage.add_option("--key", typed_.key, "Only this key");
  usage.add_option("--model", *options_.usage.mutable_model(),
                   "Only this model");
}

// The format that this command alone has.
absl::string_view ExtraFormat(Command command) {
  switch (command) {
    case Command::kUsage:
      return " or csv";
    case Command::kKeysList:
      return " or name";
    case Command::kKeysCreate:
      return " or secret";
    default:
      return "";
  }
}

absl::StatusOr<OutputFormat> OutputOf(const std::string& typed,
                                      Command command) {
  if (typed.empty() || typed == "table") return OutputFormat::kTable;
  if (typed == "json") return OutputFormat::kJson;
  if (typed == "csv" && command == Command::kUsage) return OutputFormat::kCsv;
  if (typed == "name" && command == Command::kKeysList) {
    return OutputFormat::kName;
  }
  if (typed == "secret" && command == Command::kKeysCreate) {
    return OutputFormat::kSecret;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--output: this command has no \"", typed,
                   "\"; try table or json", ExtraFormat(command)));
}

absl::Status ReadGroupings(const std::string& typed,
                           v1::QueryUsageRequest& request) {
  const std::map<std::string, v1::UsageGrouping> known = {
      {"key", v1::USAGE_GROUPING_API_KEY},
      {"model", v1::USAGE_GROUPING_MODEL},
      {"day", v1::USAGE_GROUPING_DAY},
      {"endpoint", v1::USAGE_GROUPING_ENDPOINT}};
  for (const absl::string_view word :
       absl::StrSplit(typed, ',', absl::SkipEmpty())) {
    const auto found = known.find(std::string(word));
    if (found == known.end()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--group-by: \"", word, "\" is none of key, model, day, endpoint"));
    }
    request.add_group_by(found->second);
  }
  return absl::OkStatus();
}

absl::Status ReadUsage(const Typed& typed, absl::Time now, Options& options) {
  v1::QueryUsageRequest& request = options.usage;
  RETURN_IF_ERROR(ReadGroupings(
      typed.group_by.empty() ? "key,model" : typed.group_by, request));
  absl::TimeZone zone = absl::UTCTimeZone();
  if (!request.time_zone().empty() &&
      !absl::LoadTimeZone(request.time_zone(), &zone)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--time-zone: \"", request.time_zone(),
                     "\" is not known here; give a name such as "
                     "Europe/Berlin"));
  }
  if (!typed.since.empty()) {
    ASSIGN_OR_RETURN(const absl::Time since,
                     ParseMoment(typed.since, now, zone));
    *request.mutable_start_time() = ToTimestamp(since);
  }
  if (!typed.until.empty()) {
    ASSIGN_OR_RETURN(const absl::Time until,
                     ParseMoment(typed.until, now, zone));
    *request.mutable_end_time() = ToTimestamp(until);
  }
  return absl::OkStatus();
}

absl::Status ReadCreate(const Typed& typed, absl::Time now, Options& options) {
  v1::ApiKey& key = *options.create.mutable_api_key();
  key.set_display_name(typed.name);
  key.set_owner_kind(typed.owner == "activist"
                         ? v1::ApiKey::OWNER_KIND_ACTIVIST
                         : v1::ApiKey::OWNER_KIND_INTEGRATION);
  if (typed.expires.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const absl::Time expires, ParseExpiry(typed.expires, now));
  *key.mutable_expire_time() = ToTimestamp(expires);
  return absl::OkStatus();
}

// "apiKeys/key_1a2b3c4d", however it was typed.
std::string FullName(const std::string& key) {
  return absl::StartsWith(key, "apiKeys/") ? key
                                           : absl::StrCat("apiKeys/", key);
}

absl::Status Understand(const Typed& typed, absl::Time now, Options& options) {
  ASSIGN_OR_RETURN(options.timeout, ParseSpan(typed.timeout));
  ASSIGN_OR_RETURN(options.output, OutputOf(typed.output, options.command));
  if (!typed.key.empty()) options.key = FullName(typed.key);
  if (options.command == Command::kKeysCreate) {
    return ReadCreate(typed, now, options);
  }
  if (options.command == Command::kUsage) {
    options.usage.set_api_key(options.key);
    return ReadUsage(typed, now, options);
  }
  return absl::OkStatus();
}

// The words that are no options: noun, verb, and so on.
std::vector<std::string> WordsOf(const std::vector<std::string>& arguments) {
  std::vector<std::string> words;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (std::find(kValued.begin(), kValued.end(),
                  absl::string_view(argument)) != kValued.end()) {
      ++i;
    } else if (!absl::StartsWith(argument, "-")) {
      words.push_back(argument);
    }
  }
  return words;
}

template <size_t N>
bool IsOneOf(absl::string_view word,
             const std::array<absl::string_view, N>& known) {
  return std::find(known.begin(), known.end(), word) != known.end();
}

// What to say about a command that does not exist; empty when all do.
std::string UnknownCommand(const std::vector<std::string>& arguments) {
  const std::vector<std::string> words = WordsOf(arguments);
  if (words.empty()) return "";
  std::string unknown;
  std::string meant;
  const bool is_keys = words[0] == "keys" || words[0] == "key";
  if (!is_keys && !IsOneOf(words[0], kNouns)) {
    unknown = words[0];
    meant = Nearest(words[0], kNouns);
  } else if (is_keys && words.size() > 1 && !IsOneOf(words[1], kKeyVerbs)) {
    unknown = absl::StrCat(words[0], " ", words[1]);
    const std::string verb = Nearest(words[1], kKeyVerbs);
    meant = verb.empty() ? "" : absl::StrCat(words[0], " ", verb);
  }
  if (unknown.empty()) return "";
  return absl::StrCat(
      "error: there is no command \"", unknown, "\".",
      meant.empty() ? "" : absl::StrCat(" Did you mean \"", meant, "\"?"),
      " \"holtctl --help\" shows all.\n");
}

ParsedArguments Wrong(absl::string_view why) {
  return {.text = absl::StrCat("error: ", why,
                               ". \"holtctl --help\" shows what there is.\n"),
          .is_error = true};
}

// "help keys create" is "keys create --help".
void MoveHelp(std::vector<std::string>& arguments) {
  if (arguments.empty()) arguments.push_back("--help");
  if (arguments.front() != "help") return;
  arguments.erase(arguments.begin());
  arguments.push_back("--help");
}

}  // namespace

ParsedArguments ParseArguments(std::vector<std::string> arguments,
                               absl::Time now) {
  MoveHelp(arguments);
  if (std::string unknown = UnknownCommand(arguments); !unknown.empty()) {
    return {.text = std::move(unknown), .is_error = true};
  }
  Options options;
  Typed typed;
  Grammar grammar(options, typed);
  try {
    grammar.Parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return {.text = grammar.Help()};
  } catch (const CLI::CallForVersion&) {
    options.command = Command::kVersion;
    return {.options = std::move(options)};
  } catch (const CLI::Error& error) {
    return Wrong(error.what());
  }
  if (grammar.requests_given()) {
    options.create.mutable_api_key()->set_requests_per_window(
        typed.requests_per_window);
  }
  if (const absl::Status understood = Understand(typed, now, options);
      !understood.ok()) {
    return Wrong(understood.message());
  }
  return {.options = std::move(options)};
}

}  // namespace holt::admin::cli
