// API keys in SQLite. Runs in the admin-service, inside the caller's
// transaction.
#ifndef HOLT_ADMIN_SERVICE_STORE_SQLITE_KEYS_H_
#define HOLT_ADMIN_SERVICE_STORE_SQLITE_KEYS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "admin-service/store/sqlite.h"
#include "admin-service/store/store.h"

namespace holt::admin {

// Inserts (number 0) and returns the number given.
absl::StatusOr<uint64_t> InsertKey(Database& database, const KeyRecord& key);
// NotFound when there is no such number.
absl::Status UpdateKey(Database& database, const KeyRecord& key);
absl::StatusOr<KeyRecord> FindKeyById(Database& database,
                                      absl::string_view key_id);
absl::StatusOr<KeyRecord> FindKeyByNumber(Database& database, uint64_t number);
// The keys of `page`, by number.
absl::StatusOr<std::vector<KeyRecord>> SelectKeys(Database& database,
                                                  const KeyPage& page);

absl::StatusOr<uint64_t> KeyEpoch(Database& database);
// A new epoch, greater than every earlier one. It follows the clock, so that a
// ledger restored from a backup does not give an old epoch out again, which the
// key table would refuse.
absl::StatusOr<uint64_t> AdvanceKeyEpoch(Database& database, absl::Time now);

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_STORE_SQLITE_KEYS_H_
