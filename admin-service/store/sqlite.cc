#include "admin-service/store/sqlite.h"

#include <sqlite3.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "admin-service/store/relative_vfs.h"
#include "common/base/status_macros.h"

namespace holt::admin {
namespace {

// What the caller can do about it; SQLite's own text may quote values, so the
// message has the name of the code only.
absl::Status SqliteStatus(int code, absl::string_view what) {
  const std::string message = absl::StrCat(what, ": ", sqlite3_errstr(code));
  switch (code & 0xff) {
    case SQLITE_OK:
      return absl::OkStatus();
    case SQLITE_FULL:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
      return absl::UnavailableError(message);
    case SQLITE_CONSTRAINT:
      return absl::AlreadyExistsError(message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(message);
    default:
      return absl::InternalError(message);
  }
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Statement::Note(int code) {
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

Statement& Statement::Bind(int parameter, int64_t value) {
  Note(sqlite3_bind_int64(statement_.get(), parameter, value));
  return *this;
}

Statement& Statement::Bind(int parameter, absl::string_view text) {
  Note(sqlite3_bind_text64(statement_.get(), parameter, text.data(),
                           text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::BindBlob(int parameter, absl::string_view bytes) {
  Note(sqlite3_bind_blob64(statement_.get(), parameter, bytes.data(),
                           bytes.size(), SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::BindTime(int parameter, absl::Time time) {
  if (time == absl::InfiniteFuture() || time == absl::InfinitePast()) {
    return BindNull(parameter);
  }
  return Bind(parameter, absl::ToUnixMicros(time));
}

Statement& Statement::BindNull(int parameter) {
  Note(sqlite3_bind_null(statement_.get(), parameter));
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  if (bind_code_ != SQLITE_OK) {
    return SqliteStatus(bind_code_, "ledger: binding a value");
  }
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return SqliteStatus(code, "ledger");
}

absl::Status Statement::Run() {
  const absl::StatusOr<bool> row = Step();
  Reset();
  return row.status();
}

void Statement::Reset() {
  // Its result repeats what Step returned.
  sqlite3_reset(statement_.get());
  bind_code_ = SQLITE_OK;
}

int64_t Statement::Integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::Text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (bytes == nullptr || size <= 0) return "";
  return std::string(static_cast<const char*>(bytes),
                     static_cast<size_t>(size));
}

absl::Time Statement::Time(int column, absl::Time if_null) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) {
    return if_null;
  }
  return absl::FromUnixMicros(Integer(column));
}

void Database::Close::operator()(sqlite3* connection) const {
  sqlite3_close_v2(connection);
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(
    const Options& options) {
  RETURN_IF_ERROR(RegisterRelativeVfs());
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(
      options.name.c_str(), &connection,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE,
      kRelativeVfs);
  // SQLite gives a connection to close even when it could not open.
  std::unique_ptr<Database> database(new Database(connection));
  if (code != SQLITE_OK) return SqliteStatus(code, "opening the ledger");
  RETURN_IF_ERROR(database->Configure(options));
  RETURN_IF_ERROR(database->CheckIntegrity());
  return database;
}

absl::Status Database::Configure(const Options& options) {
  sqlite3* const connection = connection_.get();
  sqlite3_busy_timeout(
      connection,
      static_cast<int>(absl::ToInt64Milliseconds(options.busy_timeout)));
  // Schema and pages cannot be changed by SQL text, and a file made by somebody
  // else cannot make our functions run.
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0,
                    nullptr);
  RETURN_IF_ERROR(
      Execute("PRAGMA journal_mode = WAL;"
              "PRAGMA synchronous = FULL;"
              "PRAGMA foreign_keys = ON;"
              "PRAGMA temp_store = MEMORY;"
              "PRAGMA cell_size_check = ON;"));
  if (options.max_pages == 0) return absl::OkStatus();
  return Execute(
      absl::StrCat("PRAGMA max_page_count = ", options.max_pages).c_str());
}

absl::Status Database::CheckIntegrity() {
  ASSIGN_OR_RETURN(Statement check, Prepare("PRAGMA integrity_check(1)"));
  ASSIGN_OR_RETURN(const bool row, check.Step());
  if (row && check.Text(0) == "ok") return absl::OkStatus();
  return absl::DataLossError(
      "the ledger's file is damaged: restore it from a backup, or move it away "
      "to start an empty one");
}

absl::StatusOr<Statement> Database::Prepare(absl::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v2(connection_.get(), sql.data(),
                         static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return SqliteStatus(code, "preparing a statement");
  return Statement(statement);
}

absl::Status Database::Execute(const char* sql) {
  return SqliteStatus(
      sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr),
      "ledger");
}

int64_t Database::changes() const {
  return sqlite3_changes64(connection_.get());
}

int64_t Database::last_insert_rowid() const {
  return sqlite3_last_insert_rowid(connection_.get());
}

absl::StatusOr<Transaction> Transaction::Begin(Database& database) {
  RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  // Fails only when SQLite rolled back by itself already (a full disk).
  if (database_ != nullptr) database_->Execute("ROLLBACK").IgnoreError();
}

absl::Status Transaction::Commit() {
  RETURN_IF_ERROR(database_->Execute("COMMIT"));
  database_ = nullptr;
  return absl::OkStatus();
}

}  // namespace holt::admin
