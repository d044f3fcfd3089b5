// An API key that somebody else manages: a line of the keys file or of the
// environment. Runs in the admin-service. Checked by whoever made it: a key_id
// of SafeId letters, a label within its bounds.
#ifndef HOLT_ADMIN_SERVICE_KEYS_IMPORTED_KEY_H_
#define HOLT_ADMIN_SERVICE_KEYS_IMPORTED_KEY_H_

#include <string>

#include "absl/time/time.h"
#include "admin-service/digest/sha256.h"

namespace holt::admin {

// A public name may be as long as this; the key table has room for no more.
inline constexpr size_t kMaxKeyId = 39;

struct ImportedKey {
  std::string key_id;
  Sha256Digest digest{};
  std::string hint;  // empty when only the digest is known
  std::string display_name;
  bool enabled = true;
  absl::Time create_time = absl::InfinitePast();  // InfinitePast: not known
  absl::Time expire_time = absl::InfiniteFuture();
  uint32_t requests_per_window = 0;  // 0: no limit of its own
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_KEYS_IMPORTED_KEY_H_
