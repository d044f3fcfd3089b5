// Which records must change so that the keys of one source are those it lists
// now. A pure function, apart from the registry that commits its result. Runs
// in the admin-service.
#ifndef HOLT_ADMIN_SERVICE_KEYS_SOURCE_SYNC_H_
#define HOLT_ADMIN_SERVICE_KEYS_SOURCE_SYNC_H_

#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "admin-service/keys/imported_key.h"
#include "admin-service/store/records.h"

namespace holt::admin {

struct SourceDiff {
  std::vector<KeyRecord> write;
  std::vector<Sha256Digest> removed;  // digests that were replaced
  int foreign = 0;  // entries whose digest another source manages
};

// `existing` are all keys of the store. Two entries with one digest: the later
// counts.
SourceDiff DiffSource(KeySource source, absl::Span<const KeyRecord> existing,
                      absl::Span<const ImportedKey> listed, absl::Time now);

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_KEYS_SOURCE_SYNC_H_
