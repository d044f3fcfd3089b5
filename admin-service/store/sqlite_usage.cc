#include "admin-service/store/sqlite_usage.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "common/base/status_macros.h"

namespace holt::admin {
namespace {

int64_t PeriodOf(absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  return seconds - seconds % kRollupSeconds;
}

absl::string_view Bytes(const JournalName& journal) {
  return {reinterpret_cast<const char*>(journal.data()), journal.size()};
}

constexpr char kSelectRecord[] =
    "SELECT key_number, model, endpoint, prompt_tokens, cached_tokens, "
    "completion_tokens, reasoning_tokens, total_tokens, audio_bytes, "
    "http_status, outcome, streamed, usage_seen, usage_unreadable, start_time, "
    "end_time FROM usage_records WHERE journal = ?1 AND sequence = ?2";

constexpr char kIsSettled[] =
    "SELECT EXISTS (SELECT 1 FROM usage_records WHERE journal = ?1 AND "
    "sequence = ?2) OR EXISTS (SELECT 1 FROM usage_uncounted WHERE "
    "journal = ?1 AND sequence = ?2)";

constexpr char kInsertRecord[] =
    "INSERT INTO usage_records VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
    "?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)";

constexpr char kInsertUncounted[] =
    "INSERT INTO usage_uncounted VALUES (?1, ?2, ?3)";

constexpr char kAddToRollup[] =
    "INSERT INTO usage_rollup VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
    "?10, ?11, ?12, ?13) ON CONFLICT DO UPDATE SET "
    "requests = requests + ?5, prompt_tokens = prompt_tokens + ?6, "
    "cached_tokens = cached_tokens + ?7, "
    "completion_tokens = completion_tokens + ?8, "
    "reasoning_tokens = reasoning_tokens + ?9, "
    "total_tokens = total_tokens + ?10, audio_bytes = audio_bytes + ?11, "
    "cost_micro = cost_micro + ?12, cost_pico = cost_pico + ?13";

constexpr char kKeyExists[] =
    "SELECT EXISTS (SELECT 1 FROM api_keys WHERE number = ?1)";

UsageRecord ReadRecord(const Statement& row, uint64_t sequence) {
  return {.sequence = sequence,
          .key_number = static_cast<uint64_t>(row.Integer(0)),
          .model = row.Text(1),
          .endpoint = static_cast<int>(row.Integer(2)),
          .counts = {.requests = 1,
                     .prompt_tokens = row.Integer(3),
                     .cached_tokens = row.Integer(4),
                     .completion_tokens = row.Integer(5),
                     .reasoning_tokens = row.Integer(6),
                     .total_tokens = row.Integer(7),
                     .audio_bytes = row.Integer(8)},
          .http_status = static_cast<int>(row.Integer(9)),
          .outcome = static_cast<int>(row.Integer(10)),
          .streamed = row.Integer(11) != 0,
          .usage_seen = row.Integer(12) != 0,
          .usage_unreadable = row.Integer(13) != 0,
          .start_time = row.Time(14, absl::UnixEpoch()),
          .end_time = row.Time(15, absl::UnixEpoch())};
}

// One batch on its way into the ledger, with its statements prepared once.
class Settlement {
 public:
  static absl::StatusOr<Settlement> Create(Database& database,
                                           const JournalName& journal);

  // Takes the mark up from the ledger, and what the journal holds against it.
  absl::Status Begin(uint64_t acknowledged_below);
  absl::Status Settle(const PricedUsage& usage);
  // Moves the mark over all that is settled without a gap.
  absl::StatusOr<JournalResult> Finish();

 private:
  Settlement(Database& database, const JournalName& journal,
             std::array<Statement, 6> statements)
      : database_(database),
        journal_(journal),
        select_record_(std::move(statements[0])),
        is_settled_(std::move(statements[1])),
        insert_record_(std::move(statements[2])),
        insert_uncounted_(std::move(statements[3])),
        add_to_rollup_(std::move(statements[4])),
        key_exists_(std::move(statements[5])) {}
  absl::StatusOr<bool> IsSettled(uint64_t sequence);
  absl::StatusOr<bool> KeyExists(uint64_t number);
  absl::Status NoteDuplicate(const UsageRecord& record);
  absl::Status KeepUncounted(uint64_t sequence, Uncounted reason);
  absl::Status InsertRecord(const PricedUsage& usage);
  absl::Status AddToRollup(const PricedUsage& usage);
  absl::Status StoreMark();

  Database& database_;
  const JournalName& journal_;
  Statement select_record_;
  Statement is_settled_;
  Statement insert_record_;
  Statement insert_uncounted_;
  Statement add_to_rollup_;
  Statement key_exists_;
  JournalResult result_;
};

absl::StatusOr<Settlement> Settlement::Create(Database& database,
                                              const JournalName& journal) {
  ASSIGN_OR_RETURN(Statement select, database.Prepare(kSelectRecord));
  ASSIGN_OR_RETURN(Statement settled, database.Prepare(kIsSettled));
  ASSIGN_OR_RETURN(Statement insert, database.Prepare(kInsertRecord));
  ASSIGN_OR_RETURN(Statement uncounted, database.Prepare(kInsertUncounted));
  ASSIGN_OR_RETURN(Statement rollup, database.Prepare(kAddToRollup));
  ASSIGN_OR_RETURN(Statement exists, database.Prepare(kKeyExists));
  return Settlement(
      database, journal,
      {std::move(select), std::move(settled), std::move(insert),
       std::move(uncounted), std::move(rollup), std::move(exists)});
}

absl::Status Settlement::Begin(uint64_t acknowledged_below) {
  ASSIGN_OR_RETURN(
      Statement query,
      database_.Prepare(
          "SELECT settled_below FROM usage_journals WHERE journal = ?1"));
  query.BindBlob(1, Bytes(journal_));
  ASSIGN_OR_RETURN(const bool known, query.Step());
  const uint64_t mark = known ? static_cast<uint64_t>(query.Integer(0)) : 0;
  if (acknowledged_below > mark) result_.lost = acknowledged_below - mark;
  result_.settled_below = std::max(mark, acknowledged_below);
  return absl::OkStatus();
}

absl::StatusOr<bool> Settlement::IsSettled(uint64_t sequence) {
  if (sequence < result_.settled_below) return true;
  is_settled_.BindBlob(1, Bytes(journal_))
      .Bind(2, static_cast<int64_t>(sequence));
  RETURN_IF_ERROR(is_settled_.Step().status());
  const bool settled = is_settled_.Integer(0) != 0;
  is_settled_.Reset();
  return settled;
}

absl::StatusOr<bool> Settlement::KeyExists(uint64_t number) {
  if (number > std::numeric_limits<int64_t>::max()) return false;
  key_exists_.Bind(1, static_cast<int64_t>(number));
  RETURN_IF_ERROR(key_exists_.Step().status());
  const bool exists = key_exists_.Integer(0) != 0;
  key_exists_.Reset();
  return exists;
}

absl::Status Settlement::Settle(const PricedUsage& usage) {
  const UsageRecord& record = usage.record;
  ASSIGN_OR_RETURN(const bool settled, IsSettled(record.sequence));
  if (settled) return NoteDuplicate(record);
  if (usage.uncounted.has_value()) {
    return KeepUncounted(record.sequence, *usage.uncounted);
  }
  ASSIGN_OR_RETURN(const bool known, KeyExists(record.key_number));
  if (!known) return KeepUncounted(record.sequence, Uncounted::kUnknownKey);
  ++result_.committed;
  RETURN_IF_ERROR(InsertRecord(usage));
  return AddToRollup(usage);
}

absl::Status Settlement::NoteDuplicate(const UsageRecord& record) {
  ++result_.duplicates;
  select_record_.BindBlob(1, Bytes(journal_))
      .Bind(2, static_cast<int64_t>(record.sequence));
  ASSIGN_OR_RETURN(const bool counted, select_record_.Step());
  if (counted && ReadRecord(select_record_, record.sequence) != record) {
    ++result_.conflicts;
  }
  select_record_.Reset();
  return absl::OkStatus();
}

absl::Status Settlement::KeepUncounted(uint64_t sequence, Uncounted reason) {
  switch (reason) {
    case Uncounted::kUnknownKey:
    case Uncounted::kSenseless:
      ++result_.refused;
      break;
    case Uncounted::kDamaged:
      ++result_.damaged;
      break;
    case Uncounted::kVoid:
      break;
  }
  return insert_uncounted_.BindBlob(1, Bytes(journal_))
      .Bind(2, static_cast<int64_t>(sequence))
      .Bind(3, static_cast<int64_t>(reason))
      .Run();
}

absl::Status Settlement::InsertRecord(const PricedUsage& usage) {
  const UsageRecord& record = usage.record;
  return insert_record_.BindBlob(1, Bytes(journal_))
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
absl::Status Settlement::AddToRollup(const PricedUsage& usage) {
  const UsageRecord& record = usage.record;
  return add_to_rollup_.Bind(1, PeriodOf(record.end_time))
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

absl::StatusOr<JournalResult> Settlement::Finish() {
  for (;;) {
    ASSIGN_OR_RETURN(const bool settled, IsSettled(result_.settled_below));
    if (!settled) break;
    ++result_.settled_below;
  }
  RETURN_IF_ERROR(StoreMark());
  return result_;
}

absl::Status Settlement::StoreMark() {
  ASSIGN_OR_RETURN(Statement store,
                   database_.Prepare("INSERT INTO usage_journals VALUES (?1, "
                                     "?2) ON CONFLICT DO UPDATE SET "
                                     "settled_below = ?2"));
  const auto mark = static_cast<int64_t>(result_.settled_below);
  RETURN_IF_ERROR(store.BindBlob(1, Bytes(journal_)).Bind(2, mark).Run());
  // The mark says the same of them from now on.
  ASSIGN_OR_RETURN(Statement prune,
                   database_.Prepare("DELETE FROM usage_uncounted WHERE "
                                     "journal = ?1 AND sequence < ?2"));
  return prune.BindBlob(1, Bytes(journal_)).Bind(2, mark).Run();
}

}  // namespace

absl::StatusOr<JournalResult> SettleBatch(Database& database,
                                          const JournalBatch& batch) {
  ASSIGN_OR_RETURN(Settlement settlement,
                   Settlement::Create(database, batch.journal));
  RETURN_IF_ERROR(settlement.Begin(batch.acknowledged_below));
  for (const PricedUsage& usage : batch.entries) {
    RETURN_IF_ERROR(settlement.Settle(usage));
  }
  return settlement.Finish();
}

}  // namespace holt::admin
