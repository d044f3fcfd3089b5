#include "admin-service/ledger/pricing.h"

#include <algorithm>
#include <set>

namespace holt::admin {
namespace {

constexpr char kAnyModel[] = "*";

int64_t AudioCost(int64_t bytes, int64_t micros_per_mebibyte) {
  constexpr int64_t kPicoPerMicro = 1'000'000;
  constexpr int64_t kMebibyte = int64_t{1} << 20;
  const absl::int128 scaled =
      absl::int128(bytes) * micros_per_mebibyte * kPicoPerMicro;
  return static_cast<int64_t>((scaled + kMebibyte / 2) / kMebibyte);
}

bool SamePrice(const PriceRecord& a, const PriceRecord& b) {
  return a.retired == b.retired &&
         a.prompt_micros_per_million == b.prompt_micros_per_million &&
         a.completion_micros_per_million == b.completion_micros_per_million &&
         a.cached_micros_per_million == b.cached_micros_per_million &&
         a.audio_micros_per_mebibyte == b.audio_micros_per_mebibyte;
}

}  // namespace

int64_t CostOf(const UsageCounts& counts, const PriceRecord& price) {
  if (price.audio_micros_per_mebibyte > 0) {
    return AudioCost(counts.audio_bytes, price.audio_micros_per_mebibyte);
  }
  const int64_t cached = std::min(counts.cached_tokens, counts.prompt_tokens);
  const int64_t unassigned = std::max<int64_t>(
      0, counts.total_tokens - counts.prompt_tokens - counts.completion_tokens);
  const int64_t prompt = counts.prompt_tokens - cached + unassigned;
  return prompt * price.prompt_micros_per_million +
         cached * price.cached_micros_per_million +
         counts.completion_tokens * price.completion_micros_per_million;
}

int64_t ToMicros(absl::int128 pico) {
  constexpr int64_t kPicoPerMicro = 1'000'000;
  return static_cast<int64_t>((pico + kPicoPerMicro / 2) / kPicoPerMicro);
}

PriceTable::PriceTable(absl::Span<const PriceRecord> prices) {
  for (const PriceRecord& price : prices) {
    by_model_[price.model][price.effective_time] = price;
  }
}

const PriceRecord* PriceTable::Find(absl::string_view model,
                                    absl::Time time) const {
  const auto history = by_model_.find(std::string(model));
  if (history == by_model_.end()) return nullptr;
  const auto later = history->second.upper_bound(time);
  if (later == history->second.begin()) return nullptr;
  const PriceRecord& price = std::prev(later)->second;
  return price.retired ? nullptr : &price;
}

PriceRecord PriceTable::PriceAt(absl::string_view model,
                                absl::Time time) const {
  const PriceRecord* price = Find(model, time);
  if (price == nullptr) price = Find(kAnyModel, time);
  return price != nullptr ? *price : PriceRecord{};
}

std::vector<PriceRecord> PriceTable::Difference(
    absl::Span<const PriceRecord> wanted, absl::Time now) const {
  std::vector<PriceRecord> added;
  std::set<std::string> kept;
  for (const PriceRecord& price : wanted) {
    if (!kept.insert(price.model).second) continue;
    const PriceRecord* const before = Find(price.model, now);
    if (before != nullptr && SamePrice(*before, price)) continue;
    added.push_back(price);
    added.back().effective_time =
        by_model_.empty() ? absl::InfinitePast() : now;
  }
  for (const auto& [model, history] : by_model_) {
    if (kept.contains(model) || Find(model, now) == nullptr) continue;
    added.push_back({.model = model, .effective_time = now, .retired = true});
  }
  return added;
}

}  // namespace holt::admin
