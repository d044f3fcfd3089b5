// Any bytes as a keys file: whatever is accepted keeps its promises.
#include <cstddef>
#include <cstdint>

#include "admin-service/keys/key_registry.h"
#include "admin-service/keys/keys_file.h"
#include "common/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::StatusOr<holt::admin::KeysFile> file =
      holt::admin::ParseKeysFile({reinterpret_cast<const char*>(data), size});
  if (!file.ok()) return 0;
  for (const holt::admin::ImportedKey& key : file->keys) {
    HOLT_CHECK(!key.key_id.empty());
    HOLT_CHECK(key.key_id.size() <= holt::admin::kMaxKeyId);
    HOLT_CHECK(key.display_name.size() <= holt::admin::kMaxDisplayName);
    HOLT_CHECK(key.requests_per_window <= holt::admin::kMaxRequestsPerWindow);
  }
  return 0;
}
