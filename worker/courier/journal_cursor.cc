#include "worker/courier/journal_cursor.h"

#include <string>
#include <utility>

namespace holt::worker {
namespace {

using internal::v1::JournalBatch;
using internal::v1::Usage;
using internal::v1::UsageRecord;
using ReadResult = JournalReader::ReadResult;

// Numbers outside of the enumerations are not sent on; the ledger would refuse
// the record.
void FillEnums(const UsageValues& values, Usage& usage) {
  const auto endpoint = static_cast<int>(values.endpoint);
  if (internal::v1::Endpoint_IsValid(endpoint)) {
    usage.set_endpoint(static_cast<internal::v1::Endpoint>(endpoint));
  }
  const auto outcome = static_cast<int>(values.outcome);
  if (internal::v1::Outcome_IsValid(outcome)) {
    usage.set_outcome(static_cast<internal::v1::Outcome>(outcome));
  }
}

void FillUsage(const UsageValues& values, Usage& usage) {
  usage.set_key_number(values.key_number);
  usage.set_start_unix_us(values.start_unix_us);
  usage.set_end_unix_us(values.end_unix_us);
  usage.set_prompt_tokens(values.prompt_tokens);
  usage.set_completion_tokens(values.completion_tokens);
  usage.set_total_tokens(values.total_tokens);
  usage.set_cached_tokens(values.cached_tokens);
  usage.set_reasoning_tokens(values.reasoning_tokens);
  usage.set_audio_bytes(values.audio_bytes);
  usage.set_http_status(values.http_status);
  usage.set_streamed(values.streamed != 0);
  usage.set_usage_seen(values.usage_seen != 0);
  usage.set_usage_unreadable(values.usage_unreadable != 0);
  usage.set_model(std::string(ModelOf(values)));
  FillEnums(values, usage);
}

}  // namespace

JournalCursor::JournalCursor(JournalReader reader)
    : reader_(std::move(reader)), next_(reader_.acknowledged()) {}

int JournalCursor::Collect(int most, JournalBatch& batch) {
  const JournalId& id = reader_.id();
  batch.set_journal_id(std::string(id.begin(), id.end()));
  batch.set_acknowledged_below(reader_.acknowledged());
  on_their_way_.clear();
  for (auto it = waiting_.begin();
       it != waiting_.end() && batch.records_size() < most; ++it) {
    if (Report(*it, batch)) on_their_way_.push_back(*it);
  }
  // New ones: at the end of waiting_, whatever their state.
  JournalReader::Record record;
  while (batch.records_size() < most &&
         reader_.Read(next_, record) != ReadResult::kEnd) {
    waiting_.insert(waiting_.end(), next_);
    if (Report(next_, batch)) on_their_way_.push_back(next_);
    ++next_;
  }
  return batch.records_size();
}

bool JournalCursor::Report(uint64_t sequence, JournalBatch& batch) {
  JournalReader::Record record;
  ReadResult result = reader_.Read(sequence, record);
  if (result == ReadResult::kOpen || result == ReadResult::kEnd) return false;
  if (known_damaged_.count(sequence) != 0) result = ReadResult::kDamaged;
  UsageRecord& report = *batch.add_records();
  report.set_sequence(sequence);
  if (result == ReadResult::kDamaged) {
    report.set_state(internal::v1::RECORD_STATE_DAMAGED);
    if (known_damaged_.insert(sequence).second) ++damaged_;
  } else if (record.is_void) {
    report.set_state(internal::v1::RECORD_STATE_VOID);
  } else {
    report.set_state(internal::v1::RECORD_STATE_COUNTED);
    FillUsage(record.values, *report.mutable_usage());
  }
  return true;
}

void JournalCursor::Settle() {
  for (const uint64_t sequence : on_their_way_) {
    waiting_.erase(sequence);
    known_damaged_.erase(sequence);
  }
  on_their_way_.clear();
  reader_.Acknowledge(waiting_.empty() ? next_ : *waiting_.begin());
}

void JournalCursor::Condemn() {
  for (const uint64_t sequence : on_their_way_) {
    if (known_damaged_.insert(sequence).second) ++damaged_;
  }
  on_their_way_.clear();
}

}  // namespace holt::worker
