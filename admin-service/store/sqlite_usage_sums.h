// Sums over the usage ledger in SQLite: whole quarters of an hour from the
// roll-up, the rest of a range from the records. Runs in the admin-service.
#ifndef HOLT_ADMIN_SERVICE_STORE_SQLITE_USAGE_SUMS_H_
#define HOLT_ADMIN_SERVICE_STORE_SQLITE_USAGE_SUMS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "admin-service/store/records.h"
#include "admin-service/store/sqlite.h"

namespace holt::admin {

absl::StatusOr<std::vector<UsageSum>> SelectUsageSums(
    Database& database, const UsageFilter& filter,
    const UsageDimensions& dimensions);
// As Store::FirstUsage.
absl::StatusOr<absl::Time> SelectFirstUsage(Database& database);

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_STORE_SQLITE_USAGE_SUMS_H_
