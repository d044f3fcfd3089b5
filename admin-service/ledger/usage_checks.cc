#include "admin-service/ledger/usage_checks.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "admin-service/ledger/pricing.h"

namespace holt::admin {
namespace {

constexpr size_t kMaxModel = 64;
constexpr int kLastEndpoint = 9;
constexpr int kLastOutcome = 4;

bool Within(int64_t value, int64_t most) { return value >= 0 && value <= most; }

bool IsModel(absl::string_view model) {
  constexpr absl::string_view kMarks = "._:/@+-";
  const auto permitted = [kMarks](char letter) {
    return absl::ascii_isalnum(static_cast<unsigned char>(letter)) ||
           kMarks.find(letter) != absl::string_view::npos;
  };
  return !model.empty() && model.size() <= kMaxModel &&
         std::all_of(model.begin(), model.end(), permitted);
}

bool AreCounts(const UsageCounts& counts) {
  for (const int64_t tokens :
       {counts.prompt_tokens, counts.cached_tokens, counts.completion_tokens,
        counts.reasoning_tokens, counts.total_tokens}) {
    if (!Within(tokens, kMaxTokens)) return false;
  }
  return Within(counts.audio_bytes, kMaxAudioBytes);
}

// Journals keep records while the admin-service is away, so old ones come; a
// little into the future is a clock that was set.
bool AreTimes(absl::Time start, absl::Time end, absl::Time now) {
  const absl::Time earliest = absl::FromUnixSeconds(1'577'836'800);  // 2020
  return start >= earliest && start <= end && end <= now + absl::Hours(1);
}

}  // namespace

bool IsPlausible(const UsageRecord& record, absl::Time now) {
  return IsModel(record.model) && AreCounts(record.counts) &&
         AreTimes(record.start_time, record.end_time, now) &&
         Within(record.endpoint, kLastEndpoint) && record.outcome > 0 &&
         record.outcome <= kLastOutcome && Within(record.http_status, 999);
}

void Normalise(UsageRecord& record) {
  UsageCounts& counts = record.counts;
  counts.requests = 1;
  counts.cached_tokens = std::min(counts.cached_tokens, counts.prompt_tokens);
  counts.reasoning_tokens =
      std::min(counts.reasoning_tokens, counts.completion_tokens);
  if (counts.total_tokens == 0) {
    counts.total_tokens = counts.prompt_tokens + counts.completion_tokens;
  }
}

}  // namespace holt::admin
