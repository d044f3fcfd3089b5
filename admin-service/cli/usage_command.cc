#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "admin-service/cli/commands.h"
#include "admin-service/cli/json.h"
#include "admin-service/cli/values.h"
#include "common/base/status_macros.h"

namespace holt::admin::cli {
namespace {

std::string KeyOf(const v1::UsageRow& row) {
  return std::string(absl::StripPrefix(row.api_key(), "apiKeys/"));
}

// The cells that say which group a row is, in the order that was asked for.
std::vector<Cell> GroupCells(const v1::QueryUsageRequest& request,
                             const v1::UsageRow& row) {
  std::vector<Cell> cells;
  for (const int grouping : request.group_by()) {
    switch (grouping) {
      case v1::USAGE_GROUPING_API_KEY:
        cells.emplace_back(KeyOf(row));
        cells.emplace_back(row.api_key_display_name());
        break;
      case v1::USAGE_GROUPING_MODEL:
        cells.emplace_back(row.model());
        break;
      case v1::USAGE_GROUPING_DAY:
        cells.emplace_back(row.day());
        break;
      case v1::USAGE_GROUPING_ENDPOINT:
        cells.emplace_back(row.endpoint());
        break;
      default:  // an enum of proto3 may hold any number
        break;
    }
  }
  return cells;
}

std::vector<Column> GroupColumns(const v1::QueryUsageRequest& request) {
  std::vector<Column> columns;
  for (const int grouping : request.group_by()) {
    switch (grouping) {
      case v1::USAGE_GROUPING_API_KEY:
        columns.push_back({"KEY"});
        columns.push_back({"NAME"});
        break;
      case v1::USAGE_GROUPING_MODEL:
        columns.push_back({"MODEL"});
        break;
      case v1::USAGE_GROUPING_DAY:
        columns.push_back({"DAY"});
        break;
      case v1::USAGE_GROUPING_ENDPOINT:
        columns.push_back({"ENDPOINT"});
        break;
      default:  // an enum of proto3 may hold any number
        break;
    }
  }
  return columns;
}

void AddCounts(const v1::UsageRow& row, const std::string& currency,
               std::vector<Cell>& cells) {
  for (const int64_t count :
       {row.request_count(), row.prompt_token_count(), row.cached_token_count(),
        row.completion_token_count(), row.total_token_count(),
        row.audio_byte_count()}) {
    cells.emplace_back(FormatCount(count));
  }
  cells.emplace_back(FormatMoney(row.cost_micros(), currency));
}

std::string UsageTable(const Session& session,
                       const v1::QueryUsageResponse& usage) {
  const v1::QueryUsageRequest& request = session.options.usage;
  std::vector<Column> columns = GroupColumns(request);
  const size_t groups = columns.size();
  for (const char* heading : {"REQUESTS", "PROMPT", "CACHED", "COMPLETION",
                              "TOKENS", "AUDIO BYTES", "COST"}) {
    columns.push_back({heading, Align::kRight});
  }
  Table table(columns);
  for (const v1::UsageRow& row : usage.rows()) {
    std::vector<Cell> cells = GroupCells(request, row);
    AddCounts(row, usage.currency_code(), cells);
    table.AddRow(std::move(cells));
  }
  std::vector<Cell> total(groups, Cell(""));
  total.front().text = "TOTAL";
  AddCounts(usage.total(), usage.currency_code(), total);
  table.AddRow(std::move(total));
  return table.Render(session.style());
}

// RFC 4180. A field that a spreadsheet would run as a formula gets a quote in
// front: display names may come from anywhere.
std::string CsvField(const std::string& field) {
  std::string safe = field;
  if (!safe.empty() && absl::StrContains("=+-@", safe[0])) {
    safe = absl::StrCat("'", safe);
  }
  if (safe.find_first_of(",\"\r\n") == std::string::npos) return safe;
  return absl::StrCat("\"", absl::StrReplaceAll(safe, {{"\"", "\"\""}}), "\"");
}

std::string UsageCsv(const v1::QueryUsageResponse& usage, bool headings) {
  std::string csv;
  if (headings) {
    csv =
        "api_key,api_key_display_name,model,day,endpoint,request_count,"
        "prompt_token_count,cached_token_count,completion_token_count,"
        "reasoning_token_count,total_token_count,audio_byte_count,"
        "cost_micros,currency_code\n";
  }
  for (const v1::UsageRow& row : usage.rows()) {
    absl::StrAppend(
        &csv,
        absl::StrJoin(
            {CsvField(KeyOf(row)), CsvField(row.api_key_display_name()),
             CsvField(row.model()), row.day(), row.endpoint(),
             absl::StrCat(row.request_count()),
             absl::StrCat(row.prompt_token_count()),
             absl::StrCat(row.cached_token_count()),
             absl::StrCat(row.completion_token_count()),
             absl::StrCat(row.reasoning_token_count()),
             absl::StrCat(row.total_token_count()),
             absl::StrCat(row.audio_byte_count()),
             absl::StrCat(row.cost_micros()), usage.currency_code()},
            ","),
        "\n");
  }
  return csv;
}

}  // namespace

absl::Status ShowUsage(const Session& session) {
  ASSIGN_OR_RETURN(const v1::QueryUsageResponse usage,
                   session.client.QueryUsage(session.options.usage));
  switch (session.options.output) {
    case OutputFormat::kJson:
      session.terminal.Out(JsonObject(usage));
      break;
    case OutputFormat::kCsv:
      session.terminal.Out(UsageCsv(usage, !session.options.no_headers));
      break;
    case OutputFormat::kTable:
    case OutputFormat::kName:
    case OutputFormat::kSecret:
      session.terminal.Out(UsageTable(session, usage));
      break;
  }
  return absl::OkStatus();
}

}  // namespace holt::admin::cli
