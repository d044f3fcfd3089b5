// The usage ledger in SQLite: one row per request, and a roll-up by quarters of
// an hour that is kept in the same transaction. Quarters, because every time
// zone's midnight falls on one: any day of any zone is a sum of whole quarters.
// Runs in the admin-service, inside the caller's transaction.
//
// A journal's mark says below which sequence everything is settled; what is
// settled above it (a request before them still runs) has a row, counted or
// not.
#ifndef HOLT_ADMIN_SERVICE_STORE_SQLITE_USAGE_H_
#define HOLT_ADMIN_SERVICE_STORE_SQLITE_USAGE_H_

#include "absl/status/statusor.h"
#include "admin-service/store/records.h"
#include "admin-service/store/sqlite.h"

namespace holt::admin {

inline constexpr int64_t kRollupSeconds = 15 * 60;
inline constexpr int64_t kPicoPerMicro = 1'000'000;

// Settles one batch. Sequences fit 63 bits.
absl::StatusOr<JournalResult> SettleBatch(Database& database,
                                          const JournalBatch& batch);

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_STORE_SQLITE_USAGE_H_
