#include "admin-service/store/sqlite_keys.h"

#include <algorithm>
#include <cstring>

#include "common/base/status_macros.h"

namespace holt::admin {
namespace {

#define HOLT_KEY_COLUMNS                                            \
  "number, key_id, digest, hint, display_name, owner_kind, source," \
  " state, create_time, update_time, expire_time, revoke_time,"     \
  " requests_per_window"

Sha256Digest DigestOf(const std::string& blob) {
  Sha256Digest digest{};
  std::memcpy(digest.data(), blob.data(), std::min(blob.size(), digest.size()));
  return digest;
}

KeyRecord ReadKey(const Statement& row) {
  return {.number = static_cast<uint64_t>(row.Integer(0)),
          .key_id = row.Text(1),
          .digest = DigestOf(row.Text(2)),
          .hint = row.Text(3),
          .display_name = row.Text(4),
          .owner_kind = static_cast<OwnerKind>(row.Integer(5)),
          .source = static_cast<KeySource>(row.Integer(6)),
          .state = static_cast<KeyState>(row.Integer(7)),
          .create_time = row.Time(8, absl::UnixEpoch()),
          .update_time = row.Time(9, absl::UnixEpoch()),
          .expire_time = row.Time(10, absl::InfiniteFuture()),
          .revoke_time = row.Time(11, absl::InfiniteFuture()),
          .requests_per_window = static_cast<uint32_t>(row.Integer(12))};
}

// Everything but the number, which is parameter 1.
void BindKey(Statement& statement, const KeyRecord& key) {
  statement.Bind(2, key.key_id)
      .BindBlob(3, AsText(key.digest))
      .Bind(4, key.hint)
      .Bind(5, key.display_name)
      .Bind(6, static_cast<int64_t>(key.owner_kind))
      .Bind(7, static_cast<int64_t>(key.source))
      .Bind(8, static_cast<int64_t>(key.state))
      .BindTime(9, key.create_time)
      .BindTime(10, key.update_time)
      .BindTime(11, key.expire_time)
      .BindTime(12, key.revoke_time)
      .Bind(13, key.requests_per_window);
}

absl::StatusOr<KeyRecord> TakeOne(Statement& query) {
  ASSIGN_OR_RETURN(const bool row, query.Step());
  if (!row) return absl::NotFoundError("no such API key");
  return ReadKey(query);
}

}  // namespace

absl::StatusOr<uint64_t> InsertKey(Database& database, const KeyRecord& key) {
  ASSIGN_OR_RETURN(
      Statement insert,
      database.Prepare("INSERT INTO api_keys (" HOLT_KEY_COLUMNS
                       ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
                       "?11, ?12, ?13)"));
  insert.BindNull(1);
  BindKey(insert, key);
  RETURN_IF_ERROR(insert.Run());
  return static_cast<uint64_t>(database.last_insert_rowid());
}

absl::Status UpdateKey(Database& database, const KeyRecord& key) {
  ASSIGN_OR_RETURN(
      Statement update,
      database.Prepare(
          "UPDATE api_keys SET key_id = ?2, digest = ?3, hint = ?4, "
          "display_name = ?5, owner_kind = ?6, source = ?7, state = ?8, "
          "create_time = ?9, update_time = ?10, expire_time = ?11, "
          "revoke_time = ?12, requests_per_window = ?13 WHERE number = ?1"));
  update.Bind(1, static_cast<int64_t>(key.number));
  BindKey(update, key);
  RETURN_IF_ERROR(update.Run());
  if (database.changes() != 1) return absl::NotFoundError("no such API key");
  return absl::OkStatus();
}

absl::StatusOr<KeyRecord> FindKeyById(Database& database,
                                      absl::string_view key_id) {
  ASSIGN_OR_RETURN(Statement query,
                   database.Prepare("SELECT " HOLT_KEY_COLUMNS
                                    " FROM api_keys WHERE key_id = ?1"));
  query.Bind(1, key_id);
  return TakeOne(query);
}

absl::StatusOr<KeyRecord> FindKeyByNumber(Database& database, uint64_t number) {
  ASSIGN_OR_RETURN(Statement query,
                   database.Prepare("SELECT " HOLT_KEY_COLUMNS
                                    " FROM api_keys WHERE number = ?1"));
  query.Bind(1, static_cast<int64_t>(number));
  return TakeOne(query);
}

absl::StatusOr<std::vector<KeyRecord>> SelectKeys(Database& database,
                                                  const KeyPage& page) {
  ASSIGN_OR_RETURN(
      Statement query,
      database.Prepare("SELECT " HOLT_KEY_COLUMNS
                       " FROM api_keys WHERE number > ?1 AND "
                       "(?2 OR state <> ?3) ORDER BY number LIMIT ?4"));
  query.Bind(1, static_cast<int64_t>(page.after_number))
      .Bind(2, page.include_revoked ? int64_t{1} : int64_t{0})
      .Bind(3, static_cast<int64_t>(KeyState::kRevoked))
      .Bind(4, static_cast<int64_t>(page.limit));
  std::vector<KeyRecord> keys;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, query.Step());
    if (!row) return keys;
    keys.push_back(ReadKey(query));
  }
}

absl::StatusOr<uint64_t> KeyEpoch(Database& database) {
  ASSIGN_OR_RETURN(
      Statement query,
      database.Prepare("SELECT value FROM meta WHERE name = 'key_epoch'"));
  RETURN_IF_ERROR(query.Step().status());
  return static_cast<uint64_t>(query.Integer(0));
}

absl::StatusOr<uint64_t> AdvanceKeyEpoch(Database& database, absl::Time now) {
  ASSIGN_OR_RETURN(
      Statement update,
      database.Prepare("UPDATE meta SET value = MAX(value + 1, ?1) "
                       "WHERE name = 'key_epoch'"));
  RETURN_IF_ERROR(update.BindTime(1, now).Run());
  return KeyEpoch(database);
}

}  // namespace holt::admin
