#include "admin-service/ledger/usage_ledger.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "admin-service/ledger/usage_checks.h"
#include "admin-service/ledger/usage_days.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"

namespace holt::admin {
namespace {

absl::Status CheckPrice(const PriceRecord& price) {
  for (const int64_t micros :
       {price.prompt_micros_per_million, price.completion_micros_per_million,
        price.cached_micros_per_million, price.audio_micros_per_mebibyte}) {
    if (micros < 0 || micros > kMaxPriceMicros) {
      return absl::InvalidArgumentError(
          absl::StrCat("price of model \"", price.model, "\": give at most ",
                       kMaxPriceMicros, " micro-units"));
    }
  }
  return absl::OkStatus();
}

bool Has(const UsageQuery& query, UsageGrouping grouping) {
  return std::find(query.group_by.begin(), query.group_by.end(), grouping) !=
         query.group_by.end();
}

// Less, by the groupings in their order.
bool Before(const UsageRow& a, const UsageRow& b,
            absl::Span<const UsageGrouping> group_by) {
  for (const UsageGrouping grouping : group_by) {
    switch (grouping) {
      case UsageGrouping::kKey:
        if (a.sum.key_number != b.sum.key_number) {
          return a.sum.key_number < b.sum.key_number;
        }
        break;
      case UsageGrouping::kModel:
        if (a.sum.model != b.sum.model) return a.sum.model < b.sum.model;
        break;
      case UsageGrouping::kDay:
        if (a.day != b.day) return a.day < b.day;
        break;
      case UsageGrouping::kEndpoint:
        if (a.sum.endpoint != b.sum.endpoint) {
          return a.sum.endpoint < b.sum.endpoint;
        }
        break;
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<std::unique_ptr<UsageLedger>> UsageLedger::Create(
    Store& store, const Clock& clock, absl::Span<const PriceRecord> prices) {
  for (const PriceRecord& price : prices) RETURN_IF_ERROR(CheckPrice(price));
  ASSIGN_OR_RETURN(std::vector<PriceRecord> known, store.Prices());
  const std::vector<PriceRecord> added =
      PriceTable(known).Difference(prices, clock.Now());
  if (!added.empty()) {
    RETURN_IF_ERROR(
        store.AddPrices(added, Actor{"configuration"}, clock.Now()));
    known.insert(known.end(), added.begin(), added.end());
  }
  std::unique_ptr<UsageLedger> ledger(
      new UsageLedger(store, clock, PriceTable(known)));
  const absl::Status audit = store.VerifyAudit();
  if (!audit.ok()) {
    Log(Severity::kError, "audit_trail_broken").Code("status", audit);
  }
  absl::MutexLock lock(&ledger->mutex_);
  ledger->health_.audit_intact = audit.ok();
  ledger->health_.schema_version = store.schema_version();
  return ledger;
}

void UsageLedger::Price(PricedUsage& usage, absl::Time now) const {
  if (usage.uncounted.has_value()) return;
  if (!IsPlausible(usage.record, now)) {
    usage.uncounted = Uncounted::kSenseless;
    return;
  }
  Normalise(usage.record);
  usage.cost_pico =
      CostOf(usage.record.counts,
             prices_.PriceAt(usage.record.model, usage.record.end_time));
}

absl::StatusOr<std::vector<JournalResult>> UsageLedger::Settle(
    std::vector<JournalBatch> batches) {
  const absl::Time now = clock_.Now();
  for (JournalBatch& batch : batches) {
    for (PricedUsage& usage : batch.entries) Price(usage, now);
  }
  absl::StatusOr<std::vector<JournalResult>> results =
      store_.CommitUsage(batches, now);
  NoteCommit(results);
  return results;
}

void UsageLedger::NoteCommit(
    const absl::StatusOr<std::vector<JournalResult>>& results) {
  absl::MutexLock lock(&mutex_);
  if (!results.ok()) {
    if (!health_.degraded) {
      Log(Severity::kError, "ledger_commit_failed")
          .Code("status", results.status());
    }
    health_.degraded = true;
    return;
  }
  if (health_.degraded) Log(Severity::kInfo, "ledger_commits_again");
  health_.degraded = false;
  health_.commit_time = clock_.Now();
  for (const JournalResult& result : *results) {
    health_.committed += result.committed;
    health_.duplicates += result.duplicates;
    health_.refused += result.refused;
    if (result.refused > 0 || result.conflicts > 0 || result.lost > 0) {
      Log(Severity::kWarning, "usage_refused")
          .Number("refused", result.refused)
          .Number("conflicts", result.conflicts)
          .Number("lost", result.lost);
    }
  }
}

absl::StatusOr<std::vector<UsageRow>> UsageLedger::Query(
    const UsageQuery& query) {
  ASSIGN_OR_RETURN(const absl::Time first, store_.FirstUsage());
  const absl::Time start = std::max(query.filter.start, first);
  // No record ends later than this (IsPlausible).
  const absl::Time end =
      std::min(query.filter.end, clock_.Now() + absl::Hours(2));
  std::vector<UsageDay> ranges = {{.start = start, .end = end}};
  if (Has(query, UsageGrouping::kDay)) {
    ASSIGN_OR_RETURN(ranges, SplitIntoDays(start, end, query.time_zone));
  }
  const UsageDimensions dimensions = {
      .key = Has(query, UsageGrouping::kKey),
      .model = Has(query, UsageGrouping::kModel),
      .endpoint = Has(query, UsageGrouping::kEndpoint)};
  std::vector<UsageRow> rows;
  for (const UsageDay& range : ranges) {
    UsageFilter filter = query.filter;
    filter.start = range.start;
    filter.end = range.end;
    ASSIGN_OR_RETURN(std::vector<UsageSum> sums,
                     store_.SumUsage(filter, dimensions));
    for (UsageSum& sum : sums) rows.push_back({range.name, std::move(sum)});
  }
  std::sort(rows.begin(), rows.end(),
            [&query](const UsageRow& a, const UsageRow& b) {
              return Before(a, b, query.group_by);
            });
  return rows;
}

LedgerHealth UsageLedger::health() const {
  absl::MutexLock lock(&mutex_);
  return health_;
}

}  // namespace holt::admin
