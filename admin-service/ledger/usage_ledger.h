// The usage ledger: takes batches from couriers, checks and prices them,
// commits them once, and answers how much was used. Runs in the admin-service;
// called from gRPC threads. A batch was written by workers and is hostile in
// every field; what cannot be is refused, noted and never billed.
#ifndef HOLT_ADMIN_SERVICE_LEDGER_USAGE_LEDGER_H_
#define HOLT_ADMIN_SERVICE_LEDGER_USAGE_LEDGER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "admin-service/ledger/pricing.h"
#include "admin-service/store/store.h"
#include "common/base/clock.h"

namespace holt::admin {

// What the ledger went through since the process started.
struct LedgerHealth {
  bool degraded = false;  // the last commit failed
  bool audit_intact = false;
  int schema_version = 0;
  int64_t committed = 0;
  int64_t duplicates = 0;
  int64_t refused = 0;
  absl::Time commit_time = absl::InfinitePast();
};

enum class UsageGrouping { kKey, kModel, kDay, kEndpoint };

struct UsageQuery {
  UsageFilter filter;
  std::vector<UsageGrouping> group_by;  // each at most once
  absl::TimeZone time_zone = absl::UTCTimeZone();
};

// One group; `day` is "2026-11-21" when grouped by it, else empty.
struct UsageRow {
  std::string day;
  UsageSum sum;
};

class UsageLedger {
 public:
  // Makes `prices` those that hold from now on and looks the audit trail
  // through. InvalidArgument: a price is out of its bounds. Store and clock
  // outlive it.
  static absl::StatusOr<std::unique_ptr<UsageLedger>> Create(
      Store& store, const Clock& clock, absl::Span<const PriceRecord> prices);

  // Prices and commits; one result per batch. Unavailable: nothing was taken,
  // the same batches may come again.
  absl::StatusOr<std::vector<JournalResult>> Settle(
      std::vector<JournalBatch> batches);

  // In the order of the groupings. InvalidArgument: more days than a query may
  // have.
  absl::StatusOr<std::vector<UsageRow>> Query(const UsageQuery& query);

  [[nodiscard]] LedgerHealth health() const;

 private:
  UsageLedger(Store& store, const Clock& clock, PriceTable prices)
      : store_(store), clock_(clock), prices_(std::move(prices)) {}
  void Price(PricedUsage& usage, absl::Time now) const;
  void NoteCommit(const absl::StatusOr<std::vector<JournalResult>>& results);

  Store& store_;
  const Clock& clock_;
  const PriceTable prices_;
  mutable absl::Mutex mutex_;
  LedgerHealth health_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_LEDGER_USAGE_LEDGER_H_
