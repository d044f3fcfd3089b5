// The earlier proxy's keys file: one JSON object with the list "keys". Runs in
// the admin-service; the file is the operator's, yet treated as hostile. An
// entry that makes no sense is skipped and its position told, never its
// content; keys in clear are hashed and wiped as they are met.
//
//   key_hash   lower- or upper-case hexadecimal SHA-256; or
//   key        the key in clear (also api_key)
//   key_id     public name; default: the first 8 digits of the hash
//   created_at, expires_at   seconds since 1970 or RFC 3339; null, 0: never
//   rate_limit  requests per window, 1 or more; null: no limit of its own
//   description (also name), enabled
#ifndef HOLT_ADMIN_SERVICE_KEYS_KEYS_FILE_H_
#define HOLT_ADMIN_SERVICE_KEYS_KEYS_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "admin-service/keys/imported_key.h"

namespace holt::admin {

inline constexpr size_t kMaxKeysFileSize = 16 * 1024 * 1024;
inline constexpr size_t kMaxImportedKeys = 100'000;

struct KeysFile {
  std::vector<ImportedKey> keys;
  std::vector<size_t> skipped;  // positions in the list, from 0
};

// InvalidArgument when it is not JSON, or has no list "keys"; ResourceExhausted
// beyond kMaxImportedKeys.
absl::StatusOr<KeysFile> ParseKeysFile(absl::string_view json);

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_KEYS_KEYS_FILE_H_
