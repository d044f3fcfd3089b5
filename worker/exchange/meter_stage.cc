#include "worker/exchange/meter_stage.h"

#include "common/base/status_macros.h"

namespace holt::worker {

MeterStage::~MeterStage() { Close(UsageOutcome::kCut); }

absl::Status MeterStage::Open(const Request& request) {
  values_ = UsageValues{};
  values_.key_number = request.key_number;
  values_.endpoint = request.endpoint;
  values_.streamed = request.streamed ? 1 : 0;
  values_.outcome = UsageOutcome::kCut;
  values_.start_unix_us = absl::ToUnixMicros(clock_.Now());
  // The text a client gave for the model stays out of the journal until the
  // upstream has accepted the request: until then it is just text.
  SetModel(values_, "");
  SetModel(asked_, request.model);
  ASSIGN_OR_RETURN(sequence_, journal_.Reserve(values_));
  open_ = true;
  return absl::OkStatus();
}

void MeterStage::Observe(const UsageReading& reading, absl::string_view model) {
  if (!open_) return;
  bool changed = false;
  if (!model.empty() && !model_answered_) {
    SetModel(values_, model);
    model_answered_ = true;
    changed = true;
  }
  if (reading.state != seen_.state || !(reading.usage == seen_.usage)) {
    seen_ = reading;
    values_.usage_seen = reading.state == UsageState::kReadable ? 1 : 0;
    values_.usage_unreadable = reading.state == UsageState::kUnreadable ? 1 : 0;
    values_.prompt_tokens = reading.usage.prompt;
    values_.completion_tokens = reading.usage.completion;
    values_.total_tokens = reading.usage.total;
    values_.cached_tokens = reading.usage.cached;
    values_.reasoning_tokens = reading.usage.reasoning;
    changed = true;
  }
  if (changed) journal_.Update(sequence_, values_);
}

void MeterStage::SetStatus(int http_status) {
  values_.http_status = static_cast<uint16_t>(http_status);
  if (!open_ || http_status >= 300 || model_answered_) return;
  SetModel(values_, ModelOf(asked_));
  journal_.Update(sequence_, values_);
}

void MeterStage::Close(UsageOutcome outcome) {
  if (!open_) return;
  open_ = false;
  values_.outcome = outcome;
  values_.end_unix_us = absl::ToUnixMicros(clock_.Now());
  journal_.Commit(sequence_, values_);
}

void MeterStage::TakeBack() {
  if (!open_) return;
  open_ = false;
  journal_.Release(sequence_);
}

}  // namespace holt::worker
