// The admin-service's memory: keys, usage, prices, audit trail. An interface,
// so that a fleet can keep them elsewhere (PostgreSQL) and tests can make it
// fail. Runs in the admin-service; its callers have checked what they hand in.
//
// Every method is one transaction: when it returns OK the change is on the
// disk, otherwise nothing changed. Unavailable means that the disk is full or
// locked and the same call may succeed later; DataLoss that the ledger is
// damaged. Methods may be called from any thread.
#ifndef HOLT_ADMIN_SERVICE_STORE_STORE_H_
#define HOLT_ADMIN_SERVICE_STORE_STORE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "admin-service/store/records.h"

namespace holt::admin {

// The keys after a change, with the numbers they were given, and the key epoch
// that the change made.
struct KeyChange {
  std::vector<KeyRecord> keys;
  uint64_t epoch = 0;
};

// Page of keys in the order of their numbers.
struct KeyPage {
  uint64_t after_number = 0;
  size_t limit = 50;
  bool include_revoked = false;
};

class Store {
 public:
  virtual ~Store() = default;

  // Inserts (number 0) or replaces (by number) each key and appends one audit
  // row per key, all or nothing. AlreadyExists when a key_id or digest is
  // taken; NotFound when a number is not.
  virtual absl::StatusOr<KeyChange> WriteKeys(absl::Span<const KeyRecord> keys,
                                              absl::string_view action,
                                              const Actor& actor,
                                              absl::Time now) = 0;
  // NotFound when there is none.
  virtual absl::StatusOr<KeyRecord> FindKey(absl::string_view key_id) = 0;
  virtual absl::StatusOr<std::vector<KeyRecord>> ListKeys(
      const KeyPage& page) = 0;
  // Every key that is not revoked, and the epoch at which that holds.
  virtual absl::StatusOr<KeyChange> LiveKeys() = 0;
  // Every key, revoked ones included.
  virtual absl::StatusOr<std::vector<KeyRecord>> AllKeys() = 0;

  // A new epoch without a change of keys, greater than every earlier one.
  virtual absl::StatusOr<uint64_t> AdvanceEpoch(absl::Time now) = 0;

  // Settles batches of different journals in the ledger and its roll-up, one
  // result each. What is settled already changes nothing. Records of a key
  // number that was never given out are refused; refusals and losses are
  // audited.
  virtual absl::StatusOr<std::vector<JournalResult>> CommitUsage(
      absl::Span<const JournalBatch> batches, absl::Time now) = 0;
  // Sums in no particular order; groups without usage are left out.
  virtual absl::StatusOr<std::vector<UsageSum>> SumUsage(
      const UsageFilter& filter, const UsageDimensions& dimensions) = 0;
  // When the earliest usage ended, cut to a quarter of an hour; InfiniteFuture
  // for an empty ledger.
  virtual absl::StatusOr<absl::Time> FirstUsage() = 0;

  // All prices, oldest first.
  virtual absl::StatusOr<std::vector<PriceRecord>> Prices() = 0;
  // Adds prices with an audit row each.
  virtual absl::Status AddPrices(absl::Span<const PriceRecord> prices,
                                 const Actor& actor, absl::Time now) = 0;

  // Appends one row of its own to the audit trail (refused calls).
  virtual absl::Status AppendAudit(const AuditRecord& record) = 0;
  // Follows the hash chain from the first row; DataLoss names the first link
  // that does not hold.
  virtual absl::Status VerifyAudit() = 0;

  [[nodiscard]] virtual int schema_version() const = 0;
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_STORE_STORE_H_
