#include "admin-service/store/sqlite_usage_sums.h"

#include <algorithm>

#include "admin-service/store/sqlite_usage.h"
#include "common/base/status_macros.h"

namespace holt::admin {
namespace {

// A range of time as the ledger reads it: whole quarters from the roll-up, what
// sticks out at either end from the records.
struct ReadPlan {
  int64_t head_from_us;
  int64_t head_to_us;
  int64_t rollup_from;
  int64_t rollup_to;
  int64_t tail_from_us;
  int64_t tail_to_us;
};

constexpr int64_t kFirstSecond = 0;
// The end of the roll-up's world: the year 9999.
constexpr int64_t kLastSecond =
    253'402'300'800 / kRollupSeconds * kRollupSeconds;

int64_t MicrosWithin(absl::Time time) {
  return std::clamp(absl::ToUnixMicros(time), kFirstSecond * 1'000'000,
                    kLastSecond * 1'000'000);
}

ReadPlan PlanFor(absl::Time start, absl::Time end) {
  constexpr int64_t kPeriodMicros = kRollupSeconds * 1'000'000;
  const int64_t from = MicrosWithin(start);
  const int64_t to = std::max(from, MicrosWithin(end));
  const int64_t first_whole = (from + kPeriodMicros - 1) / kPeriodMicros;
  const int64_t end_whole = std::max(first_whole, to / kPeriodMicros);
  const int64_t head_end = std::min(to, first_whole * kPeriodMicros);
  return {.head_from_us = from,
          .head_to_us = head_end,
          .rollup_from = first_whole * kRollupSeconds,
          .rollup_to = end_whole * kRollupSeconds,
          .tail_from_us = std::max(head_end, end_whole * kPeriodMicros),
          .tail_to_us = to};
}

// ?1 to ?6 the plan, ?7 key number or NULL, ?8 model or NULL, ?9 to ?11 which
// dimensions to keep apart.
constexpr char kSumUsage[] = R"sql(
WITH parts AS (
  SELECT key_number, model, endpoint, requests, prompt_tokens, cached_tokens,
         completion_tokens, reasoning_tokens, total_tokens, audio_bytes,
         cost_micro, cost_pico
  FROM usage_rollup WHERE period_start >= ?3 AND period_start < ?4
  UNION ALL
  SELECT key_number, model, endpoint, 1, prompt_tokens, cached_tokens,
         completion_tokens, reasoning_tokens, total_tokens, audio_bytes,
         cost_pico / 1000000, cost_pico % 1000000
  FROM usage_records WHERE (end_time >= ?1 AND end_time < ?2)
                        OR (end_time >= ?5 AND end_time < ?6)
)
SELECT CASE ?9 WHEN 1 THEN key_number ELSE 0 END AS by_key,
       CASE ?10 WHEN 1 THEN model ELSE '' END AS by_model,
       CASE ?11 WHEN 1 THEN endpoint ELSE 0 END AS by_endpoint,
       SUM(requests), SUM(prompt_tokens), SUM(cached_tokens),
       SUM(completion_tokens), SUM(reasoning_tokens), SUM(total_tokens),
       SUM(audio_bytes), SUM(cost_micro), SUM(cost_pico)
FROM parts
WHERE (?7 IS NULL OR key_number = ?7) AND (?8 IS NULL OR model = ?8)
GROUP BY by_key, by_model, by_endpoint
)sql";

void BindQuery(Statement& query, const UsageFilter& filter,
               const UsageDimensions& dimensions) {
  const ReadPlan plan = PlanFor(filter.start, filter.end);
  query.Bind(1, plan.head_from_us)
      .Bind(2, plan.head_to_us)
      .Bind(3, plan.rollup_from)
      .Bind(4, plan.rollup_to)
      .Bind(5, plan.tail_from_us)
      .Bind(6, plan.tail_to_us);
  if (filter.key_number.has_value()) {
    query.Bind(7, static_cast<int64_t>(*filter.key_number));
  } else {
    query.BindNull(7);
  }
  if (filter.model.has_value()) {
    query.Bind(8, *filter.model);
  } else {
    query.BindNull(8);
  }
  query.Bind(9, int64_t{dimensions.key})
      .Bind(10, int64_t{dimensions.model})
      .Bind(11, int64_t{dimensions.endpoint});
}

UsageSum ReadSum(const Statement& row) {
  return {.key_number = static_cast<uint64_t>(row.Integer(0)),
          .model = row.Text(1),
          .endpoint = static_cast<int>(row.Integer(2)),
          .counts = {.requests = row.Integer(3),
                     .prompt_tokens = row.Integer(4),
                     .cached_tokens = row.Integer(5),
                     .completion_tokens = row.Integer(6),
                     .reasoning_tokens = row.Integer(7),
                     .total_tokens = row.Integer(8),
                     .audio_bytes = row.Integer(9)},
          .cost_pico =
              absl::int128(row.Integer(10)) * kPicoPerMicro + row.Integer(11)};
}

}  // namespace

absl::StatusOr<std::vector<UsageSum>> SelectUsageSums(
    Database& database, const UsageFilter& filter,
    const UsageDimensions& dimensions) {
  ASSIGN_OR_RETURN(Statement query, database.Prepare(kSumUsage));
  BindQuery(query, filter, dimensions);
  std::vector<UsageSum> sums;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, query.Step());
    if (!row) return sums;
    sums.push_back(ReadSum(query));
  }
}

absl::StatusOr<absl::Time> SelectFirstUsage(Database& database) {
  ASSIGN_OR_RETURN(Statement query,
                   database.Prepare("SELECT period_start FROM usage_rollup "
                                    "ORDER BY period_start LIMIT 1"));
  ASSIGN_OR_RETURN(const bool row, query.Step());
  if (!row) return absl::InfiniteFuture();
  return absl::FromUnixSeconds(query.Integer(0));
}

}  // namespace holt::admin
