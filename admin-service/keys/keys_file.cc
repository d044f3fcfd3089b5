#include "admin-service/keys/keys_file.h"

#include <openssl/crypto.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "admin-service/keys/key_registry.h"
#include "common/base/status_macros.h"

namespace holt::admin {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

absl::Status Senseless() { return absl::InvalidArgumentError("bad entry"); }

absl::string_view View(std::string_view text) {
  return {text.data(), text.size()};
}

// The member `name`, or nullopt when it is missing or null.
std::optional<element> Member(const object& entry, const char* name) {
  element value;
  if (entry[name].get(value) != simdjson::SUCCESS || value.is_null()) {
    return std::nullopt;
  }
  return value;
}

// The text of `name`, or of `spelling` when there is no `name`; empty when
// there is neither.
absl::StatusOr<absl::string_view> TextOf(const object& entry, const char* name,
                                         const char* spelling) {
  std::optional<element> value = Member(entry, name);
  if (!value.has_value()) value = Member(entry, spelling);
  if (!value.has_value()) return absl::string_view();
  std::string_view text;
  if (value->get(text) != simdjson::SUCCESS) return Senseless();
  return View(text);
}

absl::StatusOr<absl::Time> TimeOfText(absl::string_view text) {
  absl::Time time;
  for (const char* format :
       {"%Y-%m-%d%ET%H:%M:%E*S%Ez", "%Y-%m-%d%ET%H:%M:%E*S", "%Y-%m-%d"}) {
    if (absl::ParseTime(format, text, &time, nullptr)) return time;
  }
  return Senseless();
}

// `if_none` when it is missing, null or 0.
absl::StatusOr<absl::Time> TimeOf(const object& entry, const char* name,
                                  absl::Time if_none) {
  const std::optional<element> value = Member(entry, name);
  if (!value.has_value()) return if_none;
  std::string_view text;
  if (value->get(text) == simdjson::SUCCESS) return TimeOfText(View(text));
  double seconds = 0;
  if (value->get(seconds) != simdjson::SUCCESS || !std::isfinite(seconds)) {
    return Senseless();
  }
  if (seconds == 0) return if_none;
  // Beyond the year 9999 is as good as never, and fits no time of ours.
  constexpr double kFarFuture = 253'402'300'799;
  if (seconds >= kFarFuture) return absl::InfiniteFuture();
  if (seconds < 0) return Senseless();
  return absl::FromUnixMicros(static_cast<int64_t>(seconds * 1e6));
}

// 0 for no limit. A limit below one made a dead key in the earlier proxy; it is
// refused rather than taken for "no limit".
absl::StatusOr<uint32_t> LimitOf(const object& entry) {
  const std::optional<element> value = Member(entry, "rate_limit");
  if (!value.has_value()) return 0;
  int64_t limit = 0;
  if (value->get(limit) != simdjson::SUCCESS || limit < 1) return Senseless();
  return static_cast<uint32_t>(std::min<int64_t>(limit, kMaxRequestsPerWindow));
}

absl::StatusOr<bool> EnabledOf(const object& entry) {
  element value;
  if (entry["enabled"].get(value) != simdjson::SUCCESS) return true;
  if (value.is_null()) return false;
  bool enabled = false;
  if (value.get(enabled) == simdjson::SUCCESS) return enabled;
  int64_t number = 0;
  if (value.get(number) == simdjson::SUCCESS) return number != 0;
  return Senseless();
}

absl::Status ReadDigest(const object& entry, ImportedKey& key) {
  ASSIGN_OR_RETURN(const absl::string_view hash,
                   TextOf(entry, "key_hash", "key_hash"));
  if (!hash.empty()) {
    const auto is_hex = [](char digit) {
      return absl::ascii_isxdigit(static_cast<unsigned char>(digit));
    };
    if (hash.size() != 2 * key.digest.size() ||
        !std::all_of(hash.begin(), hash.end(), is_hex)) {
      return Senseless();
    }
    const std::string bytes = absl::HexStringToBytes(hash);
    std::copy(bytes.begin(), bytes.end(), key.digest.begin());
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const absl::string_view clear,
                   TextOf(entry, "key", "api_key"));
  // Four characters of hint are only a hint to something much longer.
  constexpr size_t kShortestHinted = 16;
  if (clear.empty()) return Senseless();
  key.digest = Sha256(clear);
  if (clear.size() >= kShortestHinted) {
    key.hint = std::string(clear.substr(clear.size() - 4));
  }
  // The text lies in the parser's own buffer, which it does not wipe.
  OPENSSL_cleanse(const_cast<char*>(clear.data()), clear.size());
  return absl::OkStatus();
}

std::string HexOf(const Sha256Digest& digest) {
  return absl::BytesToHexString(AsText(digest));
}

// Any text becomes a name of permitted letters.
std::string NameOf(absl::string_view wanted, const Sha256Digest& digest) {
  if (wanted.empty()) return HexOf(digest).substr(0, 8);
  std::string name(wanted.substr(0, kMaxKeyId));
  for (char& letter : name) {
    const bool permitted =
        absl::ascii_isalnum(static_cast<unsigned char>(letter)) ||
        letter == '-' || letter == '_' || letter == '.';
    if (!permitted) letter = '_';
  }
  return name;
}

// Within the bound of a label, cut between characters, without control bytes.
std::string LabelOf(absl::string_view text) {
  size_t size = std::min(text.size(), kMaxDisplayName);
  const auto is_continuation = [&text](size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
  };
  while (size < text.size() && size > 0 && is_continuation(size)) --size;
  std::string label(text.substr(0, size));
  for (char& letter : label) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(letter))) letter = ' ';
  }
  return label;
}

absl::StatusOr<ImportedKey> ReadEntry(const element& value) {
  object entry;
  if (value.get(entry) != simdjson::SUCCESS) return Senseless();
  ImportedKey key;
  RETURN_IF_ERROR(ReadDigest(entry, key));
  ASSIGN_OR_RETURN(const absl::string_view id,
                   TextOf(entry, "key_id", "key_id"));
  key.key_id = NameOf(id, key.digest);
  ASSIGN_OR_RETURN(const absl::string_view description,
                   TextOf(entry, "description", "name"));
  key.display_name = LabelOf(description);
  ASSIGN_OR_RETURN(key.create_time,
                   TimeOf(entry, "created_at", absl::InfinitePast()));
  ASSIGN_OR_RETURN(key.expire_time,
                   TimeOf(entry, "expires_at", absl::InfiniteFuture()));
  ASSIGN_OR_RETURN(key.requests_per_window, LimitOf(entry));
  ASSIGN_OR_RETURN(key.enabled, EnabledOf(entry));
  return key;
}

}  // namespace

absl::StatusOr<KeysFile> ParseKeysFile(absl::string_view json) {
  simdjson::padded_string padded(json.data(), json.size());
  simdjson::dom::parser parser;
  element document;
  const simdjson::error_code error = parser.parse(padded).get(document);
  OPENSSL_cleanse(padded.data(), padded.size());
  if (error != simdjson::SUCCESS) {
    return absl::InvalidArgumentError("the keys file is not JSON");
  }
  simdjson::dom::array entries;
  if (document["keys"].get(entries) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError("the keys file has no list \"keys\"");
  }
  KeysFile file;
  size_t position = 0;
  for (const element value : entries) {
    if (position == kMaxImportedKeys) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "the keys file has more than ", kMaxImportedKeys, " entries"));
    }
    absl::StatusOr<ImportedKey> key = ReadEntry(value);
    if (key.ok()) {
      file.keys.push_back(*std::move(key));
    } else {
      file.skipped.push_back(position);
    }
    ++position;
  }
  return file;
}

}  // namespace holt::admin
