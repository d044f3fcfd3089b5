#include "admin-service/store/sqlite_store.h"

#include <limits>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "admin-service/store/migrations.h"
#include "admin-service/store/sqlite_audit.h"
#include "admin-service/store/sqlite_keys.h"
#include "admin-service/store/sqlite_prices.h"
#include "admin-service/store/sqlite_usage.h"
#include "admin-service/store/sqlite_usage_sums.h"
#include "common/base/status_macros.h"

namespace holt::admin {
namespace {

constexpr KeyPage kEveryKey = {.limit = std::numeric_limits<int32_t>::max(),
                               .include_revoked = true};
constexpr KeyPage kEveryLiveKey = {.limit = std::numeric_limits<int32_t>::max(),
                                   .include_revoked = false};

// Refusals and losses go into the trail, one row per batch at most: a
// taken-over worker cannot fill the disk with them.
absl::Status AuditBatch(Database& database, const JournalName& journal,
                        const JournalResult& result, absl::Time now) {
  if (result.refused == 0 && result.lost == 0 && result.conflicts == 0) {
    return absl::OkStatus();
  }
  const std::string name = absl::BytesToHexString(
      {reinterpret_cast<const char*>(journal.data()), journal.size()});
  return AppendAuditRow(
      database, {.time = now,
                 .actor = "courier",
                 .action = "RefuseUsage",
                 .resource = absl::StrCat("journals/", name),
                 .after = absl::StrCat("{\"refusedCount\":", result.refused,
                                       ",\"conflictCount\":", result.conflicts,
                                       ",\"lostCount\":", result.lost, "}")});
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(
    const Database::Options& options, absl::Time now) {
  ASSIGN_OR_RETURN(std::unique_ptr<Database> database, Database::Open(options));
  ASSIGN_OR_RETURN(const int version,
                   Migrate(*database, LedgerMigrations(), now));
  return std::unique_ptr<SqliteStore>(
      new SqliteStore(std::move(database), version));
}

absl::StatusOr<KeyChange> SqliteStore::WriteKeys(
    absl::Span<const KeyRecord> keys, absl::string_view action,
    const Actor& actor, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
  KeyChange change;
  for (const KeyRecord& key : keys) {
    ASSIGN_OR_RETURN(KeyRecord written,
                     WriteOneKey(key, {.time = now,
                                       .actor = actor.name,
                                       .action = std::string(action)}));
    change.keys.push_back(std::move(written));
  }
  ASSIGN_OR_RETURN(change.epoch, AdvanceKeyEpoch(*database_, now));
  RETURN_IF_ERROR(transaction.Commit());
  return change;
}

absl::StatusOr<KeyRecord> SqliteStore::WriteOneKey(const KeyRecord& key,
                                                   AuditRecord audit) {
  KeyRecord written = key;
  if (key.number == 0) {
    ASSIGN_OR_RETURN(written.number, InsertKey(*database_, key));
  } else {
    ASSIGN_OR_RETURN(const KeyRecord before,
                     FindKeyByNumber(*database_, key.number));
    audit.before = DescribeKey(before);
    RETURN_IF_ERROR(UpdateKey(*database_, key));
  }
  audit.resource = absl::StrCat("apiKeys/", key.key_id);
  audit.after = DescribeKey(written);
  RETURN_IF_ERROR(AppendAuditRow(*database_, audit));
  return written;
}

absl::StatusOr<KeyRecord> SqliteStore::FindKey(absl::string_view key_id) {
  absl::MutexLock lock(&mutex_);
  return FindKeyById(*database_, key_id);
}

absl::StatusOr<std::vector<KeyRecord>> SqliteStore::ListKeys(
    const KeyPage& page) {
  absl::MutexLock lock(&mutex_);
  return SelectKeys(*database_, page);
}

absl::StatusOr<KeyChange> SqliteStore::LiveKeys() {
  absl::MutexLock lock(&mutex_);
  KeyChange live;
  ASSIGN_OR_RETURN(live.keys, SelectKeys(*database_, kEveryLiveKey));
  ASSIGN_OR_RETURN(live.epoch, KeyEpoch(*database_));
  return live;
}

absl::StatusOr<std::vector<KeyRecord>> SqliteStore::AllKeys() {
  absl::MutexLock lock(&mutex_);
  return SelectKeys(*database_, kEveryKey);
}

absl::StatusOr<uint64_t> SqliteStore::AdvanceEpoch(absl::Time now) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
  ASSIGN_OR_RETURN(const uint64_t epoch, AdvanceKeyEpoch(*database_, now));
  RETURN_IF_ERROR(transaction.Commit());
  return epoch;
}

absl::StatusOr<std::vector<JournalResult>> SqliteStore::CommitUsage(
    absl::Span<const JournalBatch> batches, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
  std::vector<JournalResult> results;
  for (const JournalBatch& batch : batches) {
    ASSIGN_OR_RETURN(const JournalResult result,
                     SettleBatch(*database_, batch));
    RETURN_IF_ERROR(AuditBatch(*database_, batch.journal, result, now));
    results.push_back(result);
  }
  RETURN_IF_ERROR(transaction.Commit());
  return results;
}

absl::StatusOr<std::vector<UsageSum>> SqliteStore::SumUsage(
    const UsageFilter& filter, const UsageDimensions& dimensions) {
  absl::MutexLock lock(&mutex_);
  return SelectUsageSums(*database_, filter, dimensions);
}

absl::StatusOr<absl::Time> SqliteStore::FirstUsage() {
  absl::MutexLock lock(&mutex_);
  return SelectFirstUsage(*database_);
}

absl::StatusOr<std::vector<PriceRecord>> SqliteStore::Prices() {
  absl::MutexLock lock(&mutex_);
  return SelectPrices(*database_);
}

absl::Status SqliteStore::AddPrices(absl::Span<const PriceRecord> prices,
                                    const Actor& actor, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
  for (const PriceRecord& price : prices) {
    RETURN_IF_ERROR(InsertPrice(*database_, price));
    RETURN_IF_ERROR(AppendAuditRow(
        *database_, {.time = now,
                     .actor = actor.name,
                     .action = "SetPrice",
                     .resource = absl::StrCat("models/", price.model),
                     .after = DescribePrice(price)}));
  }
  return transaction.Commit();
}

absl::Status SqliteStore::AppendAudit(const AuditRecord& record) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(*database_));
  RETURN_IF_ERROR(AppendAuditRow(*database_, record));
  return transaction.Commit();
}

absl::Status SqliteStore::VerifyAudit() {
  absl::MutexLock lock(&mutex_);
  return VerifyAuditChain(*database_);
}

}  // namespace holt::admin
