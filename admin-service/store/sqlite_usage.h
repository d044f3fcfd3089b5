// The usage ledger in SQLite: one row per request, and a roll-up by quarters of
// an hour that is kept in the same transaction. Quarters, because every time
// zone's midnight falls on one: any day of any zone is a sum of whole quarters.
// Runs in the admin-service, inside the caller's transaction.
#ifndef HOLT_ADMIN_SERVICE_STORE_SQLITE_USAGE_H_
#define HOLT_ADMIN_SERVICE_STORE_SQLITE_USAGE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "admin-service/store/records.h"
#include "admin-service/store/sqlite.h"

namespace holt::admin {

inline constexpr int64_t kRollupSeconds = 15 * 60;

// As Store::CommitUsage, without the audit row.
absl::StatusOr<CommitResult> InsertUsage(Database& database,
                                         const JournalName& journal,
                                         absl::Span<const PricedUsage> batch,
                                         absl::Time now);
absl::StatusOr<std::vector<UsageSum>> SelectUsageSums(
    Database& database, const UsageFilter& filter,
    const UsageDimensions& dimensions);
absl::StatusOr<absl::Time> SelectFirstUsage(Database& database);

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_STORE_SQLITE_USAGE_H_
