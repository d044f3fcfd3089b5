#include "admin-service/store/sqlite_audit.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "common/base/bytes.h"
#include "common/base/status_macros.h"

namespace holt::admin {
namespace {

void AppendNumber(std::string& to, int64_t number) {
  uint8_t raw[sizeof(number)];
  Writer writer{absl::MakeSpan(raw)};
  writer.Put(number);
  to.append(reinterpret_cast<const char*>(raw), sizeof(raw));
}

// Each text with its size before it: two rows never have the same bytes.
void AppendText(std::string& to, absl::string_view text) {
  AppendNumber(to, static_cast<int64_t>(text.size()));
  to.append(text.data(), text.size());
}

Sha256Digest LinkHash(absl::string_view previous, const AuditRecord& record) {
  std::string bytes(previous);
  AppendNumber(bytes, record.number);
  AppendNumber(bytes, absl::ToUnixMicros(record.time));
  for (const std::string* text :
       {&record.actor, &record.action, &record.resource, &record.before,
        &record.after}) {
    AppendText(bytes, *text);
  }
  return Sha256(bytes);
}

std::string GenesisHash() { return std::string(sizeof(Sha256Digest), '\0'); }

AuditRecord ReadLink(const Statement& row) {
  return {.number = row.Integer(0),
          .time = row.Time(1, absl::UnixEpoch()),
          .actor = row.Text(2),
          .action = row.Text(3),
          .resource = row.Text(4),
          .before = row.Text(5),
          .after = row.Text(6)};
}

std::string Quoted(absl::string_view text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      absl::StrAppend(&quoted, "\\", std::string(1, letter));
    } else if (static_cast<unsigned char>(letter) < 0x20) {
      absl::StrAppendFormat(&quoted, "\\u%04x", static_cast<unsigned>(letter));
    } else {
      quoted.push_back(letter);
    }
  }
  quoted.push_back('"');
  return quoted;
}

std::string QuotedTime(absl::Time time) {
  if (time == absl::InfiniteFuture() || time == absl::InfinitePast()) {
    return "null";
  }
  return Quoted(
      absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone()));
}

absl::string_view NameOf(KeyState state) {
  switch (state) {
    case KeyState::kActive:
      return "active";
    case KeyState::kDisabled:
      return "disabled";
    case KeyState::kRevoked:
      return "revoked";
  }
  return "?";
}

absl::string_view NameOf(OwnerKind kind) {
  switch (kind) {
    case OwnerKind::kUnspecified:
      return "unspecified";
    case OwnerKind::kActivist:
      return "activist";
    case OwnerKind::kIntegration:
      return "integration";
  }
  return "?";
}

absl::string_view NameOf(KeySource source) {
  switch (source) {
    case KeySource::kAdmin:
      return "admin";
    case KeySource::kFile:
      return "file";
    case KeySource::kEnvironment:
      return "environment";
  }
  return "?";
}

}  // namespace

absl::Status AppendAuditRow(Database& database, const AuditRecord& record) {
  ASSIGN_OR_RETURN(Statement last,
                   database.Prepare("SELECT number, hash FROM audit "
                                    "ORDER BY number DESC LIMIT 1"));
  ASSIGN_OR_RETURN(const bool has_last, last.Step());
  AuditRecord link = record;
  link.number = has_last ? last.Integer(0) + 1 : 1;
  const Sha256Digest hash =
      LinkHash(has_last ? last.Text(1) : GenesisHash(), link);
  ASSIGN_OR_RETURN(
      Statement insert,
      database.Prepare(
          "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
  return insert.Bind(1, link.number)
      .BindTime(2, link.time)
      .Bind(3, link.actor)
      .Bind(4, link.action)
      .Bind(5, link.resource)
      .Bind(6, link.before)
      .Bind(7, link.after)
      .BindBlob(8, AsText(hash))
      .Run();
}

absl::Status VerifyAuditChain(Database& database) {
  ASSIGN_OR_RETURN(Statement rows,
                   database.Prepare("SELECT * FROM audit ORDER BY number"));
  std::string previous = GenesisHash();
  for (int64_t expected = 1;; ++expected) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return absl::OkStatus();
    const AuditRecord link = ReadLink(rows);
    const Sha256Digest hash = LinkHash(previous, link);
    previous = rows.Text(7);
    if (link.number != expected || AsText(hash) != previous) {
      return absl::DataLossError(
          absl::StrCat("the audit trail does not hold at row ", expected));
    }
  }
}

std::string DescribeKey(const KeyRecord& key) {
  return absl::StrCat("{\"hint\":", Quoted(key.hint),
                      ",\"displayName\":", Quoted(key.display_name),
                      ",\"ownerKind\":", Quoted(NameOf(key.owner_kind)),
                      ",\"source\":", Quoted(NameOf(key.source)),
                      ",\"state\":", Quoted(NameOf(key.state)),
                      ",\"expireTime\":", QuotedTime(key.expire_time),
                      ",\"requestsPerWindow\":", key.requests_per_window, "}");
}

std::string DescribePrice(const PriceRecord& price) {
  if (price.retired) return "{\"retired\":true}";
  return absl::StrCat(
      "{\"promptMicrosPerMillion\":", price.prompt_micros_per_million,
      ",\"completionMicrosPerMillion\":", price.completion_micros_per_million,
      ",\"cachedMicrosPerMillion\":", price.cached_micros_per_million,
      ",\"audioMicrosPerMebibyte\":", price.audio_micros_per_mebibyte, "}");
}

}  // namespace holt::admin
