#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "admin-service/cli/commands.h"
#include "admin-service/cli/json.h"
#include "admin-service/cli/values.h"
#include "common/base/status_macros.h"

namespace holt::admin::cli {
namespace {

std::string Since(const google::protobuf::Timestamp& timestamp,
                  absl::Time now) {
  return FormatRelative(FromTimestamp(timestamp), now);
}

std::string NodeText(const v1::Node& node, absl::Time now) {
  return absl::StrCat("Holt ", node.version(), " at ", node.endpoint(),
                      ", started ", Since(node.start_time(), now), "\n",
                      "Sandbox    ", node.sandbox(), "\n", "Secrets    ",
                      node.secret_storage(), "\n", "Upstreams  ",
                      absl::StrJoin(node.upstreams(), ", "),
                      node.demo() ? " (demo)" : "", "\n");
}

std::string CourierText(const v1::NodeStatus& status, absl::Time now) {
  const v1::Courier& courier = status.courier();
  if (!courier.connected()) {
    return "Courier    away: key changes and usage wait\n";
  }
  const bool current = courier.key_epoch() >= status.key_epoch();
  return absl::StrCat(
      "Courier    connected, workers have ",
      current ? "all key changes" : "older keys", ", ",
      courier.has_report_time()
          ? absl::StrCat("reported ", Since(courier.report_time(), now))
          : "no report yet",
      "\n");
}

std::string LedgerText(const v1::Ledger& ledger, absl::Time now) {
  std::string text =
      ledger.state() == v1::Ledger::STATE_OK
          ? "Ledger     ok"
          : "Ledger     degraded: commits fail, usage waits in the journals";
  if (ledger.has_commit_time()) {
    absl::StrAppend(&text, ", last commit ", Since(ledger.commit_time(), now));
  }
  absl::StrAppend(&text, ", ", FormatCount(ledger.commit_count()),
                  " records since start");
  if (ledger.reject_count() > 0) {
    absl::StrAppend(&text, ", ", FormatCount(ledger.reject_count()),
                    " refused");
  }
  absl::StrAppend(
      &text, ledger.audit_intact() ? "\n" : ", AUDIT TRAIL DOES NOT HOLD\n");
  return text;
}

std::string KeysFileText(const v1::NodeStatus& status, absl::Time now) {
  if (!status.has_keys_file()) return "";
  const v1::KeysFile& file = status.keys_file();
  std::string text = "Keys file  ";
  if (!file.has_load_time()) return absl::StrCat(text, "not read yet\n");
  absl::StrAppend(&text, file.key_count(), " keys, read ",
                  Since(file.load_time(), now));
  if (file.skip_count() > 0) {
    absl::StrAppend(&text, ", ", file.skip_count(), " entries skipped");
  }
  return absl::StrCat(
      text, file.stale() ? ", CANNOT BE READ NOW: these keys stay\n" : "\n");
}

std::string Counter(const v1::Child& child, const std::string& name) {
  const auto found = child.counters().find(name);
  return found == child.counters().end() ? "-" : FormatCount(found->second);
}

std::string ChildrenText(const Session& session, const v1::NodeStatus& status) {
  if (status.children().empty()) return "";
  Table table({{"PROCESS"},
               {"INDEX", Align::kRight},
               {"STATE"},
               {"CONNECTIONS", Align::kRight},
               {"REQUESTS", Align::kRight},
               {"REFUSED", Align::kRight},
               {"FAILED", Align::kRight}});
  for (const v1::Child& child : status.children()) {
    table.AddRow({child.role(), absl::StrCat(child.index()),
                  child.alive() ? Cell("alive", Colour::kGreen)
                                : Cell("silent", Colour::kRed),
                  Counter(child, "connections_open"),
                  Counter(child, "requests_finished"),
                  Counter(child, "requests_refused"),
                  Counter(child, "requests_failed")});
  }
  return absl::StrCat("\n", table.Render(session.style()));
}

std::string JournalsText(const Session& session, const v1::NodeStatus& status) {
  if (status.journals().empty()) return "";
  Table table({{"JOURNAL", Align::kRight},
               {"WAITING", Align::kRight},
               {"CAPACITY", Align::kRight},
               {"DAMAGED", Align::kRight},
               {"OWNER"}});
  for (const v1::Journal& journal : status.journals()) {
    table.AddRow(
        {absl::StrCat(journal.index()), FormatCount(journal.backlog_count()),
         FormatCount(journal.capacity()), FormatCount(journal.damaged_count()),
         journal.orphan() ? "none" : "worker"});
  }
  return absl::StrCat("\n", table.Render(session.style()));
}

}  // namespace

absl::Status ShowStatus(const Session& session) {
  ASSIGN_OR_RETURN(const v1::NodeStatus status, session.client.GetStatus());
  if (session.options.output == OutputFormat::kJson) {
    session.terminal.Out(JsonObject(status));
    return absl::OkStatus();
  }
  session.terminal.Out(absl::StrCat(
      NodeText(status.node(), session.now), CourierText(status, session.now),
      LedgerText(status.ledger(), session.now),
      KeysFileText(status, session.now), ChildrenText(session, status),
      JournalsText(session, status)));
  return absl::OkStatus();
}

}  // namespace holt::admin::cli
