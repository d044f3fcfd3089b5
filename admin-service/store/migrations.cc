#include "admin-service/store/migrations.h"

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace holt::admin {
namespace {

// Times are microseconds since 1970, period_start is seconds. Costs are 1e-12
// of the currency's unit (docs/adr/0002-exact-money.md).
constexpr char kVersion1[] = R"sql(
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('key_epoch', 0);

CREATE TABLE api_keys (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  key_id TEXT NOT NULL UNIQUE,
  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  hint TEXT NOT NULL,
  display_name TEXT NOT NULL,
  owner_kind INTEGER NOT NULL,
  source INTEGER NOT NULL,
  state INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  update_time INTEGER NOT NULL,
  expire_time INTEGER,
  revoke_time INTEGER,
  requests_per_window INTEGER NOT NULL CHECK (requests_per_window >= 0)
) STRICT;

CREATE TABLE usage_records (
  journal BLOB NOT NULL CHECK (length(journal) = 16),
  sequence INTEGER NOT NULL,
  key_number INTEGER NOT NULL REFERENCES api_keys (number),
  model TEXT NOT NULL,
  endpoint INTEGER NOT NULL,
  prompt_tokens INTEGER NOT NULL CHECK (prompt_tokens >= 0),
  cached_tokens INTEGER NOT NULL CHECK (cached_tokens >= 0),
  completion_tokens INTEGER NOT NULL CHECK (completion_tokens >= 0),
  reasoning_tokens INTEGER NOT NULL CHECK (reasoning_tokens >= 0),
  total_tokens INTEGER NOT NULL CHECK (total_tokens >= 0),
  audio_bytes INTEGER NOT NULL CHECK (audio_bytes >= 0),
  http_status INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  streamed INTEGER NOT NULL,
  usage_seen INTEGER NOT NULL,
  usage_unreadable INTEGER NOT NULL,
  start_time INTEGER NOT NULL,
  end_time INTEGER NOT NULL,
  cost_pico INTEGER NOT NULL CHECK (cost_pico >= 0),
  PRIMARY KEY (journal, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_records_by_end ON usage_records (end_time);

CREATE TABLE usage_journals (
  journal BLOB PRIMARY KEY CHECK (length(journal) = 16),
  settled_below INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_uncounted (
  journal BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  PRIMARY KEY (journal, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_rollup (
  period_start INTEGER NOT NULL,
  key_number INTEGER NOT NULL,
  model TEXT NOT NULL,
  endpoint INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  prompt_tokens INTEGER NOT NULL,
  cached_tokens INTEGER NOT NULL,
  completion_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL,
  total_tokens INTEGER NOT NULL,
  audio_bytes INTEGER NOT NULL,
  cost_micro INTEGER NOT NULL,
  cost_pico INTEGER NOT NULL,
  PRIMARY KEY (period_start, key_number, model, endpoint)
) STRICT, WITHOUT ROWID;

CREATE TABLE prices (
  model TEXT NOT NULL,
  effective_time INTEGER NOT NULL,
  retired INTEGER NOT NULL,
  prompt_micros_per_million INTEGER NOT NULL,
  completion_micros_per_million INTEGER NOT NULL,
  cached_micros_per_million INTEGER NOT NULL,
  audio_micros_per_mebibyte INTEGER NOT NULL,
  PRIMARY KEY (model, effective_time)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  number INTEGER PRIMARY KEY,
  audit_time INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  resource TEXT NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE TRIGGER audit_rows_stay BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'audit rows stay'); END;
CREATE TRIGGER audit_rows_are_final BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'audit rows are final'); END;
)sql";

constexpr const char* kMigrations[] = {kVersion1};

absl::StatusOr<int> CurrentVersion(Database& database) {
  ASSIGN_OR_RETURN(
      Statement query,
      database.Prepare(
          "SELECT COALESCE(MAX(version), 0) FROM schema_versions"));
  RETURN_IF_ERROR(query.Step().status());
  return static_cast<int>(query.Integer(0));
}

absl::Status RunStep(Database& database, int version, const char* sql,
                     absl::Time now) {
  ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database));
  RETURN_IF_ERROR(database.Execute(sql));
  ASSIGN_OR_RETURN(
      Statement insert,
      database.Prepare("INSERT INTO schema_versions VALUES (?1, ?2)"));
  RETURN_IF_ERROR(insert.Bind(1, version).BindTime(2, now).Run());
  return transaction.Commit();
}

}  // namespace

absl::Span<const char* const> LedgerMigrations() { return kMigrations; }

absl::StatusOr<int> Migrate(Database& database,
                            absl::Span<const char* const> steps,
                            absl::Time now) {
  RETURN_IF_ERROR(database.Execute(
      "CREATE TABLE IF NOT EXISTS schema_versions ("
      "version INTEGER PRIMARY KEY, apply_time INTEGER NOT NULL) STRICT"));
  ASSIGN_OR_RETURN(int version, CurrentVersion(database));
  const int newest = static_cast<int>(steps.size());
  if (version > newest) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the ledger has tables of version ", version, ", this program knows ",
        newest, ": start the newer program again"));
  }
  while (version < newest) {
    const char* const step = steps[static_cast<size_t>(version)];
    ++version;
    RETURN_IF_ERROR(RunStep(database, version, step, now));
  }
  return version;
}

}  // namespace holt::admin
