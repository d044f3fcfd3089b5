#include "admin-service/rpc/usage_service.h"

#include <algorithm>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "admin-service/ledger/pricing.h"
#include "admin-service/rpc/conversions.h"
#include "common/base/status_macros.h"
#include "common/ipc/usage_journal.h"

namespace holt::admin {
namespace {

using KeysByNumber = std::map<uint64_t, KeyRecord>;

absl::StatusOr<UsageGrouping> GroupingOf(int grouping) {
  switch (grouping) {
    case v1::USAGE_GROUPING_API_KEY:
      return UsageGrouping::kKey;
    case v1::USAGE_GROUPING_MODEL:
      return UsageGrouping::kModel;
    case v1::USAGE_GROUPING_DAY:
      return UsageGrouping::kDay;
    case v1::USAGE_GROUPING_ENDPOINT:
      return UsageGrouping::kEndpoint;
    default:  // an enum of proto3 may hold any number
      return absl::InvalidArgumentError("group_by: no such grouping");
  }
}

const char* NameOf(int endpoint) {
  switch (static_cast<Endpoint>(endpoint)) {
    case Endpoint::kOther:
      return "other";
    case Endpoint::kChatCompletions:
      return "chat_completions";
    case Endpoint::kCompletions:
      return "completions";
    case Endpoint::kEmbeddings:
      return "embeddings";
    case Endpoint::kResponses:
      return "responses";
    case Endpoint::kTranscriptions:
      return "transcriptions";
    case Endpoint::kTranslations:
      return "translations";
    case Endpoint::kSpeech:
      return "speech";
    case Endpoint::kModels:
      return "models";
    case Endpoint::kMessages:
      return "messages";
  }
  return "other";
}

void FillSums(const UsageCounts& counts, absl::int128 cost_pico,
              v1::UsageRow& row) {
  row.set_request_count(counts.requests);
  row.set_prompt_token_count(counts.prompt_tokens);
  row.set_cached_token_count(counts.cached_tokens);
  row.set_completion_token_count(counts.completion_tokens);
  row.set_reasoning_token_count(counts.reasoning_tokens);
  row.set_total_token_count(counts.total_tokens);
  row.set_audio_byte_count(counts.audio_bytes);
  row.set_cost_micros(ToMicros(cost_pico));
}

void Add(const UsageCounts& counts, UsageCounts& to) {
  to.requests += counts.requests;
  to.prompt_tokens += counts.prompt_tokens;
  to.cached_tokens += counts.cached_tokens;
  to.completion_tokens += counts.completion_tokens;
  to.reasoning_tokens += counts.reasoning_tokens;
  to.total_tokens += counts.total_tokens;
  to.audio_bytes += counts.audio_bytes;
}

// Summed exactly and rounded once: not the sum of the rows' rounded costs.
void FillTotal(absl::Span<const UsageRow> rows, v1::UsageRow& total) {
  UsageCounts counts;
  absl::int128 cost_pico = 0;
  for (const UsageRow& row : rows) {
    Add(row.sum.counts, counts);
    cost_pico += row.sum.cost_pico;
  }
  FillSums(counts, cost_pico, total);
}

void FillRow(const UsageRow& from, const UsageQuery& query,
             const KeysByNumber& keys, v1::UsageRow& row) {
  FillSums(from.sum.counts, from.sum.cost_pico, row);
  for (const UsageGrouping grouping : query.group_by) {
    switch (grouping) {
      case UsageGrouping::kKey:
        if (const auto key = keys.find(from.sum.key_number);
            key != keys.end()) {
          row.set_api_key(KeyName(key->second.key_id));
          row.set_api_key_display_name(key->second.display_name);
        }
        break;
      case UsageGrouping::kModel:
        row.set_model(from.sum.model);
        break;
      case UsageGrouping::kDay:
        row.set_day(from.day);
        break;
      case UsageGrouping::kEndpoint:
        row.set_endpoint(NameOf(from.sum.endpoint));
        break;
    }
  }
}

// All that must stay the same from page to page.
std::string BindingOf(v1::QueryUsageRequest request) {
  request.clear_page_size();
  request.clear_page_token();
  return absl::StrCat("QueryUsage:", request.SerializeAsString());
}

absl::Status DecodeTimes(const v1::QueryUsageRequest& request,
                         UsageQuery& query) {
  if (request.has_start_time()) {
    ASSIGN_OR_RETURN(query.filter.start,
                     FromProto(request.start_time(), "start_time"));
  }
  if (request.has_end_time()) {
    ASSIGN_OR_RETURN(query.filter.end,
                     FromProto(request.end_time(), "end_time"));
  }
  if (query.filter.start >= query.filter.end) {
    return absl::InvalidArgumentError("end_time: give one after start_time");
  }
  if (!request.time_zone().empty() &&
      !absl::LoadTimeZone(request.time_zone(), &query.time_zone)) {
    return absl::InvalidArgumentError(
        "time_zone: not known; give an IANA name such as \"Europe/Berlin\"");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<UsageQuery> UsageService::Decode(
    const v1::QueryUsageRequest& request) {
  UsageQuery query;
  for (const int wanted : request.group_by()) {
    ASSIGN_OR_RETURN(const UsageGrouping grouping, GroupingOf(wanted));
    if (std::find(query.group_by.begin(), query.group_by.end(), grouping) !=
        query.group_by.end()) {
      return absl::InvalidArgumentError("group_by: each grouping once");
    }
    query.group_by.push_back(grouping);
  }
  RETURN_IF_ERROR(DecodeTimes(request, query));
  if (!request.api_key().empty()) {
    ASSIGN_OR_RETURN(const std::string key_id, KeyIdOf(request.api_key()));
    absl::StatusOr<KeyRecord> key = store_.FindKey(key_id);
    if (!key.ok()) return Annotate(key.status(), request.api_key());
    query.filter.key_number = key->number;
  }
  if (!request.model().empty()) query.filter.model = request.model();
  return query;
}

absl::Status UsageService::Query(const v1::QueryUsageRequest& request,
                                 v1::QueryUsageResponse& response) {
  ASSIGN_OR_RETURN(const size_t size, PageSize(request.page_size()));
  const std::string binding = BindingOf(request);
  ASSIGN_OR_RETURN(const uint64_t begin,
                   ReadPageToken(binding, request.page_token()));
  ASSIGN_OR_RETURN(const UsageQuery query, Decode(request));
  ASSIGN_OR_RETURN(const std::vector<UsageRow> rows, ledger_.Query(query));
  ASSIGN_OR_RETURN(const std::vector<KeyRecord> records, store_.AllKeys());
  KeysByNumber keys;
  for (const KeyRecord& key : records) keys[key.number] = key;
  const size_t end = std::min(rows.size(), begin + size);
  for (size_t i = begin; i < end; ++i) {
    FillRow(rows[i], query, keys, *response.add_rows());
  }
  if (end < rows.size()) {
    response.set_next_page_token(MakePageToken(binding, end));
  }
  FillTotal(rows, *response.mutable_total());
  response.set_currency_code(currency_);
  return absl::OkStatus();
}

grpc::Status UsageService::QueryUsage(grpc::ServerContext*,
                                      const v1::QueryUsageRequest* request,
                                      v1::QueryUsageResponse* response) {
  return ToGrpc(Query(*request, *response));
}

}  // namespace holt::admin
