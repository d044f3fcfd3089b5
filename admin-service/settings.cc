#include "admin-service/settings.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "admin-service/ledger/pricing.h"

namespace holt::admin {
namespace {

constexpr uint32_t kMaxGlobalRequests = 65'536;
constexpr uint32_t kMaxAddressRequests = 1'024;
constexpr uint32_t kMaxWindowMillis = 86'400'000;

absl::Status OutOfBounds(absl::string_view setting) {
  return absl::InvalidArgumentError(
      absl::StrCat(setting, ": out of its bounds"));
}

bool IsWindow(uint32_t millis) {
  return millis >= 1 && millis <= kMaxWindowMillis;
}

absl::StatusOr<int64_t> MicrosOf(uint64_t micros, const std::string& model) {
  if (micros > static_cast<uint64_t>(kMaxPriceMicros)) {
    return OutOfBounds(absl::StrCat("price of model \"", model, "\""));
  }
  return static_cast<int64_t>(micros);
}

}  // namespace

absl::StatusOr<internal::v1::Settings> SharedSettingsFrom(
    const config::v1::AdminServiceSettings& settings) {
  const config::v1::Limits& limits = settings.limits();
  internal::v1::Settings shared;
  shared.set_global_requests(
      limits.has_global_requests() ? limits.global_requests() : 100);
  shared.set_global_window_ms(
      limits.has_global_window_ms() ? limits.global_window_ms() : 60'000);
  shared.set_address_requests(
      limits.has_address_requests() ? limits.address_requests() : 1'000);
  shared.set_address_window_ms(
      limits.has_address_window_ms() ? limits.address_window_ms() : 60'000);
  shared.set_max_staleness_ms(
      settings.max_staleness_ms() == 0 ? 300'000 : settings.max_staleness_ms());
  if (shared.global_requests() > kMaxGlobalRequests) {
    return OutOfBounds("global_requests");
  }
  if (shared.address_requests() > kMaxAddressRequests) {
    return OutOfBounds("address_requests");
  }
  if (!IsWindow(shared.global_window_ms()) ||
      !IsWindow(shared.address_window_ms())) {
    return OutOfBounds("limiter window");
  }
  if (shared.max_staleness_ms() < 10'000 ||
      shared.max_staleness_ms() > 3'600'000) {
    return OutOfBounds("max_staleness_ms");
  }
  return shared;
}

absl::StatusOr<std::vector<PriceRecord>> PricesFrom(
    const config::v1::AdminServiceSettings& settings) {
  std::vector<PriceRecord> prices;
  for (const config::v1::ModelPrice& from : settings.prices()) {
    const uint64_t cached = from.has_cached_micros_per_million()
                                ? from.cached_micros_per_million()
                                : from.prompt_micros_per_million();
    PriceRecord price = {.model = from.model()};
    for (const auto& [micros, member] :
         {std::pair(from.prompt_micros_per_million(),
                    &PriceRecord::prompt_micros_per_million),
          std::pair(from.completion_micros_per_million(),
                    &PriceRecord::completion_micros_per_million),
          std::pair(cached, &PriceRecord::cached_micros_per_million),
          std::pair(from.audio_micros_per_mebibyte(),
                    &PriceRecord::audio_micros_per_mebibyte)}) {
      const absl::StatusOr<int64_t> checked = MicrosOf(micros, from.model());
      if (!checked.ok()) return checked.status();
      price.*member = *checked;
    }
    prices.push_back(std::move(price));
  }
  return prices;
}

absl::StatusOr<std::vector<ImportedKey>> EnvironmentKeysFrom(
    const config::v1::AdminServiceSettings& settings) {
  std::vector<ImportedKey> keys;
  for (const config::v1::EnvironmentKey& from : settings.environment_keys()) {
    ImportedKey key = {
        .key_id = from.key_id(),
        .hint = from.hint(),
        .display_name = "From the environment variable API_KEYS"};
    if (from.digest().size() != key.digest.size() || from.key_id().empty() ||
        from.key_id().size() > kMaxKeyId) {
      return OutOfBounds("environment_keys");
    }
    std::memcpy(key.digest.data(), from.digest().data(), key.digest.size());
    keys.push_back(std::move(key));
  }
  return keys;
}

std::string CurrencyFrom(const config::v1::AdminServiceSettings& settings) {
  return settings.currency().empty() ? "EUR" : settings.currency();
}

}  // namespace holt::admin
