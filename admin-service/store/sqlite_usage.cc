#include "admin-service/store/sqlite_usage.h"

#include <algorithm>
#include <limits>

#include "common/base/status_macros.h"

namespace holt::admin {
namespace {

constexpr int64_t kPicoPerMicro = 1'000'000;

int64_t PeriodOf(absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  return seconds - seconds % kRollupSeconds;
}

absl::string_view Bytes(const JournalName& journal) {
  return {reinterpret_cast<const char*>(journal.data()), journal.size()};
}

// The statements of one batch, prepared once.
class UsageInserter {
 public:
  static absl::StatusOr<UsageInserter> Create(Database& database);

  absl::Status Insert(const JournalName& journal, const PricedUsage& usage,
                      absl::Time now);
  [[nodiscard]] const CommitResult& result() const { return result_; }

 private:
  UsageInserter(Database& database, std::array<Statement, 4> statements)
      : database_(database),
        seen_(std::move(statements[0])),
        record_(std::move(statements[1])),
        rollup_(std::move(statements[2])),
        reject_(std::move(statements[3])) {}
  absl::StatusOr<bool> Seen(const JournalName& journal, uint64_t sequence);
  absl::StatusOr<bool> KeyExists(uint64_t number);
  absl::Status InsertRecord(const JournalName& journal,
                            const PricedUsage& usage);
  absl::Status AddToRollup(const PricedUsage& usage);

  Database& database_;
  Statement seen_;
  Statement record_;
  Statement rollup_;
  Statement reject_;
  CommitResult result_;
};

absl::StatusOr<UsageInserter> UsageInserter::Create(Database& database) {
  ASSIGN_OR_RETURN(
      Statement seen,
      database.Prepare("SELECT EXISTS (SELECT 1 FROM usage_records WHERE "
                       "journal = ?1 AND sequence = ?2) OR EXISTS (SELECT 1 "
                       "FROM usage_rejections WHERE journal = ?1 AND "
                       "sequence = ?2)"));
  ASSIGN_OR_RETURN(
      Statement record,
      database.Prepare("INSERT INTO usage_records VALUES (?1, ?2, ?3, ?4, ?5, "
                       "?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
                       "?17, ?18, ?19)"));
  ASSIGN_OR_RETURN(
      Statement rollup,
      database.Prepare(
          "INSERT INTO usage_rollup VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
          "?9, ?10, ?11, ?12, ?13) ON CONFLICT DO UPDATE SET "
          "requests = requests + ?5, prompt_tokens = prompt_tokens + ?6, "
          "cached_tokens = cached_tokens + ?7, "
          "completion_tokens = completion_tokens + ?8, "
          "reasoning_tokens = reasoning_tokens + ?9, "
          "total_tokens = total_tokens + ?10, "
          "audio_bytes = audio_bytes + ?11, cost_micro = cost_micro + ?12, "
          "cost_pico = cost_pico + ?13"));
  ASSIGN_OR_RETURN(
      Statement reject,
      database.Prepare("INSERT INTO usage_rejections VALUES (?1, ?2, ?3, ?4)"));
  return UsageInserter(database, {std::move(seen), std::move(record),
                                  std::move(rollup), std::move(reject)});
}

absl::StatusOr<bool> UsageInserter::Seen(const JournalName& journal,
                                         uint64_t sequence) {
  seen_.BindBlob(1, Bytes(journal)).Bind(2, static_cast<int64_t>(sequence));
  RETURN_IF_ERROR(seen_.Step().status());
  const bool seen = seen_.Integer(0) != 0;
  seen_.Reset();
  return seen;
}

absl::StatusOr<bool> UsageInserter::KeyExists(uint64_t number) {
  if (number > std::numeric_limits<int64_t>::max()) return false;
  ASSIGN_OR_RETURN(Statement query,
                   database_.Prepare("SELECT EXISTS (SELECT 1 FROM api_keys "
                                     "WHERE number = ?1)"));
  query.Bind(1, static_cast<int64_t>(number));
  RETURN_IF_ERROR(query.Step().status());
  return query.Integer(0) != 0;
}

absl::Status UsageInserter::Insert(const JournalName& journal,
                                   const PricedUsage& usage, absl::Time now) {
  ASSIGN_OR_RETURN(const bool seen, Seen(journal, usage.record.sequence));
  if (seen) {
    ++result_.duplicates;
    return absl::OkStatus();
  }
  std::optional<Rejection> rejection = usage.rejection;
  if (!rejection.has_value()) {
    ASSIGN_OR_RETURN(const bool known, KeyExists(usage.record.key_number));
    if (!known) rejection = Rejection::kUnknownKey;
  }
  if (rejection.has_value()) {
    ++result_.rejected;
    return reject_.BindBlob(1, Bytes(journal))
        .Bind(2, static_cast<int64_t>(usage.record.sequence))
        .Bind(3, static_cast<int64_t>(*rejection))
        .BindTime(4, now)
        .Run();
  }
  ++result_.committed;
  RETURN_IF_ERROR(InsertRecord(journal, usage));
  return AddToRollup(usage);
}

absl::Status UsageInserter::InsertRecord(const JournalName& journal,
                                         const PricedUsage& usage) {
  const UsageRecord& record = usage.record;
  return record_.BindBlob(1, Bytes(journal))
      .Bind(2, static_cast<int64_t>(record.sequence))
      .Bind(3, static_cast<int64_t>(record.key_number))
      .Bind(4, record.model)
      .Bind(5, record.endpoint)
      .Bind(6, record.counts.prompt_tokens)
      .Bind(7, record.counts.cached_tokens)
      .Bind(8, record.counts.completion_tokens)
      .Bind(9, record.counts.reasoning_tokens)
      .Bind(10, record.counts.total_tokens)
      .Bind(11, record.counts.audio_bytes)
      .Bind(12, record.http_status)
      .Bind(13, record.outcome)
      .Bind(14, int64_t{record.streamed})
      .Bind(15, int64_t{record.usage_seen})
      .Bind(16, int64_t{record.usage_unreadable})
      .BindTime(17, record.start_time)
      .BindTime(18, record.end_time)
      .Bind(19, usage.cost_pico)
      .Run();
}

// Cost in two columns: the sum of a quarter's costs in pico units could leave
// 64 bits, whole micro units cannot.
absl::Status UsageInserter::AddToRollup(const PricedUsage& usage) {
  const UsageRecord& record = usage.record;
  return rollup_.Bind(1, PeriodOf(record.end_time))
      .Bind(2, static_cast<int64_t>(record.key_number))
      .Bind(3, record.model)
      .Bind(4, record.endpoint)
      .Bind(5, record.counts.requests)
      .Bind(6, record.counts.prompt_tokens)
      .Bind(7, record.counts.cached_tokens)
      .Bind(8, record.counts.completion_tokens)
      .Bind(9, record.counts.reasoning_tokens)
      .Bind(10, record.counts.total_tokens)
      .Bind(11, record.counts.audio_bytes)
      .Bind(12, usage.cost_pico / kPicoPerMicro)
      .Bind(13, usage.cost_pico % kPicoPerMicro)
      .Run();
}

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

absl::StatusOr<CommitResult> InsertUsage(Database& database,
                                         const JournalName& journal,
                                         absl::Span<const PricedUsage> batch,
                                         absl::Time now) {
  ASSIGN_OR_RETURN(UsageInserter inserter, UsageInserter::Create(database));
  for (const PricedUsage& usage : batch) {
    RETURN_IF_ERROR(inserter.Insert(journal, usage, now));
  }
  return inserter.result();
}

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
