// RAII over SQLite: a connection, a prepared statement, a transaction. The only
// place that holds SQLite handles. Runs in the admin-service. Values reach SQL
// through Bind alone; SQL text is always a literal of ours.
//
// A connection is used by one thread at a time (its owner locks).
#ifndef HOLT_ADMIN_SERVICE_STORE_SQLITE_H_
#define HOLT_ADMIN_SERVICE_STORE_SQLITE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace holt::admin {

class Statement {
 public:
  // Parameters by number, from 1. Text and blobs are copied.
  Statement& Bind(int parameter, int64_t value);
  Statement& Bind(int parameter, absl::string_view text);
  Statement& BindBlob(int parameter, absl::string_view bytes);
  // Microseconds; NULL for an infinite time.
  Statement& BindTime(int parameter, absl::Time time);
  Statement& BindNull(int parameter);

  // True while there is a row. The first failed Bind shows here.
  absl::StatusOr<bool> Step();
  // Steps once, for statements without rows, and makes it ready for the next
  // values.
  absl::Status Run();
  void Reset();

  [[nodiscard]] int64_t Integer(int column) const;
  [[nodiscard]] std::string Text(int column) const;
  // `if_null` for NULL.
  [[nodiscard]] absl::Time Time(int column, absl::Time if_null) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  void Note(int code);
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_code_ = 0;
};

class Database {
 public:
  struct Options {
    // A file name without a folder, in the working directory: the folder above
    // may be one that this user cannot pass through.
    std::string name;
    // How long a lock of somebody else is waited for.
    absl::Duration busy_timeout = absl::Seconds(2);
    // The database file grows to at most this many pages; 0: no bound.
    int64_t max_pages = 0;
  };

  // Opens or makes it, mode 0600: WAL, synchronous=FULL, foreign keys,
  // defensive. DataLoss when the file is damaged.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const Options& options);

  // One statement of ours, ready for values.
  absl::StatusOr<Statement> Prepare(absl::string_view sql);
  // Several statements without values.
  absl::Status Execute(const char* sql);
  // Rows that the last INSERT, UPDATE or DELETE touched.
  [[nodiscard]] int64_t changes() const;
  [[nodiscard]] int64_t last_insert_rowid() const;

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  explicit Database(sqlite3* connection) : connection_(connection) {}
  absl::Status Configure(const Options& options);
  absl::Status CheckIntegrity();
  std::unique_ptr<sqlite3, Close> connection_;
};

// BEGIN IMMEDIATE until Commit; rolled back otherwise.
class Transaction {
 public:
  static absl::StatusOr<Transaction> Begin(Database& database);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  absl::Status Commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;  // null when there is nothing to roll back
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_STORE_SQLITE_H_
