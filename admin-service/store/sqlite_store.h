// Store on one SQLite file in the working directory: WAL, flushed to the disk
// with every commit, checked when it is opened. Runs in the admin-service; one
// connection, one lock around it.
#ifndef HOLT_ADMIN_SERVICE_STORE_SQLITE_STORE_H_
#define HOLT_ADMIN_SERVICE_STORE_SQLITE_STORE_H_

#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "admin-service/store/sqlite.h"
#include "admin-service/store/store.h"

namespace holt::admin {

class SqliteStore final : public Store {
 public:
  // Opens or makes the file and brings its tables up to date. DataLoss: the
  // file is damaged; FailedPrecondition: a newer program wrote it; Unavailable:
  // the disk is full or somebody else holds the file.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(
      const Database::Options& options, absl::Time now);

  absl::StatusOr<KeyChange> WriteKeys(absl::Span<const KeyRecord> keys,
                                      absl::string_view action,
                                      const Actor& actor,
                                      absl::Time now) override;
  absl::StatusOr<KeyRecord> FindKey(absl::string_view key_id) override;
  absl::StatusOr<std::vector<KeyRecord>> ListKeys(const KeyPage& page) override;
  absl::StatusOr<KeyChange> LiveKeys() override;
  absl::StatusOr<std::vector<KeyRecord>> AllKeys() override;
  absl::StatusOr<uint64_t> AdvanceEpoch(absl::Time now) override;
  absl::StatusOr<std::vector<JournalResult>> CommitUsage(
      absl::Span<const JournalBatch> batches, absl::Time now) override;
  absl::StatusOr<std::vector<UsageSum>> SumUsage(
      const UsageFilter& filter, const UsageDimensions& dimensions) override;
  absl::StatusOr<absl::Time> FirstUsage() override;
  absl::StatusOr<std::vector<PriceRecord>> Prices() override;
  absl::Status AddPrices(absl::Span<const PriceRecord> prices,
                         const Actor& actor, absl::Time now) override;
  absl::Status AppendAudit(const AuditRecord& record) override;
  absl::Status VerifyAudit() override;
  [[nodiscard]] int schema_version() const override { return schema_version_; }

 private:
  SqliteStore(std::unique_ptr<Database> database, int schema_version)
      : database_(std::move(database)), schema_version_(schema_version) {}
  absl::StatusOr<KeyRecord> WriteOneKey(const KeyRecord& key, AuditRecord audit)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  const std::unique_ptr<Database> database_ ABSL_PT_GUARDED_BY(mutex_);
  const int schema_version_;
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_STORE_SQLITE_STORE_H_
