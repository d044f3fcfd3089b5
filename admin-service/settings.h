// What the supervisor's settings mean here: defaults filled in, bounds checked.
// Runs in the admin-service at start. The sender is trusted; a value outside
// its bounds is told rather than bent.
#ifndef HOLT_ADMIN_SERVICE_SETTINGS_H_
#define HOLT_ADMIN_SERVICE_SETTINGS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "admin-service/keys/imported_key.h"
#include "admin-service/store/records.h"
#include "proto/holt/config/v1/config.pb.h"
#include "proto/holt/internal/v1/courier.pb.h"

namespace holt::admin {

// InvalidArgument names the setting that is out of its bounds.
absl::StatusOr<internal::v1::Settings> SharedSettingsFrom(
    const config::v1::AdminServiceSettings& settings);
absl::StatusOr<std::vector<PriceRecord>> PricesFrom(
    const config::v1::AdminServiceSettings& settings);
absl::StatusOr<std::vector<ImportedKey>> EnvironmentKeysFrom(
    const config::v1::AdminServiceSettings& settings);
std::string CurrencyFrom(const config::v1::AdminServiceSettings& settings);

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_SETTINGS_H_
