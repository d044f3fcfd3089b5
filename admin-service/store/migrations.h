// The ledger's tables and how older ones become newer. Runs in the
// admin-service when the ledger is opened. A step, once released, never
// changes: a change of the tables is a further step.
#ifndef HOLT_ADMIN_SERVICE_STORE_MIGRATIONS_H_
#define HOLT_ADMIN_SERVICE_STORE_MIGRATIONS_H_

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "admin-service/store/sqlite.h"

namespace holt::admin {

// The SQL that leads from version n to n+1, in order, from the empty file on.
absl::Span<const char* const> LedgerMigrations();

// Runs the steps that are missing, each in a transaction of its own, and
// returns the version reached. FailedPrecondition, and nothing changed, when
// the file is of a newer version than `steps` leads to.
absl::StatusOr<int> Migrate(Database& database,
                            absl::Span<const char* const> steps,
                            absl::Time now);

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_STORE_MIGRATIONS_H_
