#include "admin-service/rpc/usage_decoding.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <set>
#include <utility>

#include "common/base/status_macros.h"

namespace holt::admin {
namespace {

constexpr int kMaxJournals = 64;
constexpr int kMaxRecords = 512;
constexpr uint64_t kMaxSequence = uint64_t{1} << 62;

absl::Status Refused() {
  return absl::InvalidArgumentError("usage report: a bound is broken");
}

// What does not fit becomes a count that the ledger refuses.
int64_t CountOf(uint64_t value) {
  return static_cast<int64_t>(
      std::min<uint64_t>(value, std::numeric_limits<int64_t>::max()));
}

UsageRecord RecordOf(const internal::v1::Usage& usage, uint64_t sequence) {
  return {.sequence = sequence,
          .key_number = usage.key_number(),
          .model = usage.model(),
          .endpoint = static_cast<int>(usage.endpoint()),
          .counts = {.requests = 1,
                     .prompt_tokens = CountOf(usage.prompt_tokens()),
                     .cached_tokens = CountOf(usage.cached_tokens()),
                     .completion_tokens = CountOf(usage.completion_tokens()),
                     .reasoning_tokens = CountOf(usage.reasoning_tokens()),
                     .total_tokens = CountOf(usage.total_tokens()),
                     .audio_bytes = CountOf(usage.audio_bytes())},
          .http_status =
              static_cast<int>(std::min<uint32_t>(usage.http_status(), 1000)),
          .outcome = static_cast<int>(usage.outcome()),
          .streamed = usage.streamed(),
          .usage_seen = usage.usage_seen(),
          .usage_unreadable = usage.usage_unreadable(),
          .start_time = absl::FromUnixMicros(usage.start_unix_us()),
          .end_time = absl::FromUnixMicros(usage.end_unix_us())};
}

absl::StatusOr<PricedUsage> DecodeRecord(
    const internal::v1::UsageRecord& from) {
  PricedUsage usage;
  switch (from.state()) {
    case internal::v1::RECORD_STATE_COUNTED:
      if (!from.has_usage()) return Refused();
      usage.record = RecordOf(from.usage(), from.sequence());
      return usage;
    case internal::v1::RECORD_STATE_VOID:
      usage.uncounted = Uncounted::kVoid;
      break;
    case internal::v1::RECORD_STATE_DAMAGED:
      usage.uncounted = Uncounted::kDamaged;
      break;
    default:  // an enum of proto3 may hold any number
      return Refused();
  }
  usage.record.sequence = from.sequence();
  return usage;
}

absl::StatusOr<JournalBatch> DecodeBatch(
    const internal::v1::JournalBatch& from) {
  JournalBatch batch;
  if (from.journal_id().size() != batch.journal.size() ||
      from.acknowledged_below() > kMaxSequence) {
    return Refused();
  }
  std::memcpy(batch.journal.data(), from.journal_id().data(),
              batch.journal.size());
  batch.acknowledged_below = from.acknowledged_below();
  uint64_t least = from.acknowledged_below();
  for (const internal::v1::UsageRecord& record : from.records()) {
    if (record.sequence() < least || record.sequence() >= kMaxSequence) {
      return Refused();
    }
    least = record.sequence() + 1;
    ASSIGN_OR_RETURN(PricedUsage usage, DecodeRecord(record));
    batch.entries.push_back(std::move(usage));
  }
  return batch;
}

}  // namespace

absl::StatusOr<std::vector<JournalBatch>> DecodeUsageReport(
    const internal::v1::ReportUsageRequest& report) {
  if (report.journals_size() > kMaxJournals) return Refused();
  std::vector<JournalBatch> batches;
  std::set<JournalName> seen;
  int records = 0;
  for (const internal::v1::JournalBatch& from : report.journals()) {
    records += from.records_size();
    if (records > kMaxRecords) return Refused();
    ASSIGN_OR_RETURN(JournalBatch batch, DecodeBatch(from));
    if (!seen.insert(batch.journal).second) return Refused();
    batches.push_back(std::move(batch));
  }
  return batches;
}

}  // namespace holt::admin
