#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "admin-service/cli/commands.h"
#include "admin-service/cli/json.h"
#include "admin-service/cli/values.h"
#include "common/base/clock.h"
#include "common/base/status_macros.h"

namespace holt::admin::cli {
namespace {

// How long a change may take to reach the workers before holtctl says that it
// has not, and how often it looks.
constexpr absl::Duration kWorkersTime = absl::Seconds(2);
constexpr absl::Duration kWorkersPoll = absl::Milliseconds(5);

// "STATE_ACTIVE": "active".
std::string Lower(absl::string_view enum_name, absl::string_view prefix) {
  return absl::AsciiStrToLower(absl::StripPrefix(enum_name, prefix));
}

Cell StateCell(v1::ApiKey::State state) {
  const std::string text = Lower(v1::ApiKey::State_Name(state), "STATE_");
  switch (state) {
    case v1::ApiKey::STATE_ACTIVE:
      return {text, Colour::kGreen};
    case v1::ApiKey::STATE_DISABLED:
    case v1::ApiKey::STATE_EXPIRED:
      return {text, Colour::kYellow};
    case v1::ApiKey::STATE_REVOKED:
      return {text, Colour::kRed};
    default:  // an enum of proto3 may hold any number
      return {text};
  }
}

std::string IdOf(const v1::ApiKey& key) {
  return std::string(absl::StripPrefix(key.name(), "apiKeys/"));
}

std::string OwnerOf(const v1::ApiKey& key) {
  return key.owner_kind() == v1::ApiKey::OWNER_KIND_UNSPECIFIED
             ? "-"
             : Lower(v1::ApiKey::OwnerKind_Name(key.owner_kind()),
                     "OWNER_KIND_");
}

Table KeyTable(absl::Span<const v1::ApiKey> keys, absl::Time now) {
  Table table({{"ID"},
               {"NAME"},
               {"OWNER"},
               {"STATE"},
               {"HINT"},
               {"LIMIT", Align::kRight},
               {"CREATED"},
               {"EXPIRES"},
               {"SOURCE"}});
  for (const v1::ApiKey& key : keys) {
    table.AddRow(
        {IdOf(key), key.display_name(), OwnerOf(key), StateCell(key.state()),
         key.hint().empty() ? "-" : absl::StrCat("…", key.hint()),
         key.has_requests_per_window() ? absl::StrCat(key.requests_per_window())
                                       : "-",
         FormatRelative(FromTimestamp(key.create_time()), now),
         key.has_expire_time()
             ? FormatRelative(FromTimestamp(key.expire_time()), now)
             : "never",
         Lower(v1::ApiKey::Source_Name(key.source()), "SOURCE_")});
  }
  return table;
}

absl::Status PrintKey(const Session& session, const v1::ApiKey& key) {
  if (session.options.output == OutputFormat::kJson) {
    session.terminal.Out(JsonObject(key));
  } else {
    session.terminal.Out(KeyTable({key}, session.now).Render(session.style()));
  }
  return absl::OkStatus();
}

absl::Status ConfirmRevocation(const Session& session) {
  if (session.options.yes) return absl::OkStatus();
  if (!session.terminal.can_ask()) {
    return absl::FailedPreconditionError(
        "revoking is for good and nobody can be asked here: add --yes");
  }
  ASSIGN_OR_RETURN(const v1::ApiKey key,
                   session.client.GetApiKey(session.options.key));
  const std::string answer = session.terminal.Ask(
      absl::StrCat("Revoke API key ", IdOf(key), " (", key.display_name(),
                   ") for good? [y/N] "));
  if (absl::EqualsIgnoreCase(answer, "y") ||
      absl::EqualsIgnoreCase(answer, "yes")) {
    return absl::OkStatus();
  }
  return absl::CancelledError("nothing was revoked");
}

// A command that changes a key ends when the change is in force: whoever runs
// the next line of a script may count on it. Without a courier it ends all the
// same, and says so.
void AwaitWorkers(const Session& session) {
  const int64_t give_up =
      Clock::Real().BootNanos() + absl::ToInt64Nanoseconds(kWorkersTime);
  int64_t wanted = 0;
  while (Clock::Real().BootNanos() < give_up) {
    const absl::StatusOr<v1::NodeStatus> status = session.client.GetStatus();
    if (!status.ok()) break;
    if (wanted == 0) wanted = status->key_epoch();
    if (status->courier().key_epoch() >= wanted) return;
    if (!status->courier().connected()) break;
    absl::SleepFor(kWorkersPoll);
  }
  session.terminal.Error(
      "The change is kept, but the workers do not have it yet: \"holtctl "
      "status\" shows the courier.\n");
}

}  // namespace

absl::Status CreateKey(const Session& session) {
  ASSIGN_OR_RETURN(const v1::CreateApiKeyResponse created,
                   session.client.CreateApiKey(session.options.create));
  AwaitWorkers(session);
  Terminal& terminal = session.terminal;
  switch (session.options.output) {
    case OutputFormat::kJson:
      terminal.Out(JsonObject(created));
      break;
    case OutputFormat::kSecret:
      terminal.Out(absl::StrCat(created.secret(), "\n"));
      break;
    case OutputFormat::kTable:
    case OutputFormat::kCsv:
    case OutputFormat::kName:
      terminal.Out(absl::StrCat("ID      ", IdOf(created.api_key()),
                                "\nSECRET  ", created.secret(), "\n"));
      break;
  }
  terminal.Error(
      "The secret is not kept and cannot be shown again. Clients send it as "
      "\"Authorization: Bearer SECRET\".\n");
  return absl::OkStatus();
}

absl::Status ListKeys(const Session& session) {
  ASSIGN_OR_RETURN(const std::vector<v1::ApiKey> keys,
                   session.client.ListApiKeys(session.options.show_revoked));
  if (session.options.output == OutputFormat::kJson) {
    std::vector<const google::protobuf::Message*> messages;
    for (const v1::ApiKey& key : keys) messages.push_back(&key);
    session.terminal.Out(JsonArray(messages));
    return absl::OkStatus();
  }
  if (session.options.output == OutputFormat::kName) {
    for (const v1::ApiKey& key : keys) {
      session.terminal.Out(absl::StrCat(IdOf(key), "\n"));
    }
    return absl::OkStatus();
  }
  if (keys.empty()) {
    session.terminal.Error(
        "There are no API keys yet. \"holtctl keys create NAME --owner "
        "activist\" makes one.\n");
    return absl::OkStatus();
  }
  session.terminal.Out(KeyTable(keys, session.now).Render(session.style()));
  return absl::OkStatus();
}

absl::Status GetKey(const Session& session) {
  ASSIGN_OR_RETURN(const v1::ApiKey key,
                   session.client.GetApiKey(session.options.key));
  return PrintKey(session, key);
}

absl::Status RevokeKey(const Session& session) {
  RETURN_IF_ERROR(ConfirmRevocation(session));
  ASSIGN_OR_RETURN(const v1::ApiKey key,
                   session.client.RevokeApiKey(session.options.key));
  AwaitWorkers(session);
  return PrintKey(session, key);
}

absl::Status DisableKey(const Session& session) {
  ASSIGN_OR_RETURN(const v1::ApiKey key,
                   session.client.DisableApiKey(session.options.key));
  AwaitWorkers(session);
  return PrintKey(session, key);
}

absl::Status EnableKey(const Session& session) {
  ASSIGN_OR_RETURN(const v1::ApiKey key,
                   session.client.EnableApiKey(session.options.key));
  AwaitWorkers(session);
  return PrintKey(session, key);
}

}  // namespace holt::admin::cli
