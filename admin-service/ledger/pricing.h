// What usage costs, in integers alone (docs/adr/0002-exact-money.md). Prices
// are millionths of the currency's unit per million tokens, so tokens times
// price is a whole number of 1e-12 units ("pico"): nothing is rounded until a
// sum is shown. Only audio, priced per 2^20 bytes, is rounded per request, to
// the nearest pico unit. Runs in the admin-service.
#ifndef HOLT_ADMIN_SERVICE_LEDGER_PRICING_H_
#define HOLT_ADMIN_SERVICE_LEDGER_PRICING_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "admin-service/store/records.h"

namespace holt::admin {

// Bounds that keep every product below within 63 bits.
inline constexpr int64_t kMaxTokens = 100'000'000;
inline constexpr int64_t kMaxAudioBytes = int64_t{1} << 32;
inline constexpr int64_t kMaxPriceMicros = 1'000'000'000;

// The cost of one request. Counts and prices within the bounds above.
// Completion and prompt tokens by their own prices, cached prompt tokens by
// theirs; tokens that the total has beyond both count as prompt tokens (the
// embeddings endpoint gives a total only).
int64_t CostOf(const UsageCounts& counts, const PriceRecord& price);

// A sum of costs in millionths, rounded half up.
int64_t ToMicros(absl::int128 pico);

// All prices there ever were.
class PriceTable {
 public:
  explicit PriceTable(absl::Span<const PriceRecord> prices);

  // The price of `model` at `time`: its own, else that of "*", else free.
  [[nodiscard]] PriceRecord PriceAt(absl::string_view model,
                                    absl::Time time) const;

  // What must be added so that from `now` on exactly `wanted` holds. The first
  // prices of all hold for all time.
  [[nodiscard]] std::vector<PriceRecord> Difference(
      absl::Span<const PriceRecord> wanted, absl::Time now) const;

 private:
  using History = std::map<absl::Time, PriceRecord>;
  // Its own price at `time`, or null.
  [[nodiscard]] const PriceRecord* Find(absl::string_view model,
                                        absl::Time time) const;
  std::map<std::string, History, std::less<>> by_model_;
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_LEDGER_PRICING_H_
