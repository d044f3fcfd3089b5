// Prices in SQLite, each from a moment on; a price is never changed, a newer
// one follows it. Runs in the admin-service, inside the caller's transaction.
#ifndef HOLT_ADMIN_SERVICE_STORE_SQLITE_PRICES_H_
#define HOLT_ADMIN_SERVICE_STORE_SQLITE_PRICES_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "admin-service/store/records.h"
#include "admin-service/store/sqlite.h"

namespace holt::admin {

// Oldest first.
absl::StatusOr<std::vector<PriceRecord>> SelectPrices(Database& database);
// AlreadyExists when the model has a price from that very moment.
absl::Status InsertPrice(Database& database, const PriceRecord& price);

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_STORE_SQLITE_PRICES_H_
