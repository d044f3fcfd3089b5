// The audit trail in SQLite: append-only rows, each with the SHA-256 over the
// row before it and its own fields, so that a row cannot be changed or taken
// out unnoticed. Runs in the admin-service. Rows hold no secrets: what is
// written of a key is DescribeKey.
//
// Functions with a Database run inside the caller's transaction.
#ifndef HOLT_ADMIN_SERVICE_STORE_SQLITE_AUDIT_H_
#define HOLT_ADMIN_SERVICE_STORE_SQLITE_AUDIT_H_

#include <string>

#include "absl/status/status.h"
#include "admin-service/store/records.h"
#include "admin-service/store/sqlite.h"

namespace holt::admin {

// Appends `record` as the newest link; its number is ignored.
absl::Status AppendAuditRow(Database& database, const AuditRecord& record);

// DataLoss with the number of the first link that does not hold.
absl::Status VerifyAuditChain(Database& database);

// What the trail says about a key, as one JSON object: everything but its
// digest.
std::string DescribeKey(const KeyRecord& key);
std::string DescribePrice(const PriceRecord& price);

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_STORE_SQLITE_AUDIT_H_
