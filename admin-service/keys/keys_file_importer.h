// Brings the watched keys file into the registry. Runs in the admin-service,
// on the thread that talks to the supervisor, which hands in the file whenever
// it changed; status() may be asked from any thread.
#ifndef HOLT_ADMIN_SERVICE_KEYS_KEYS_FILE_IMPORTER_H_
#define HOLT_ADMIN_SERVICE_KEYS_KEYS_FILE_IMPORTER_H_

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "admin-service/keys/key_registry.h"
#include "admin-service/keys/keys_file.h"
#include "common/base/clock.h"

namespace holt::admin {

struct KeysFileStatus {
  absl::Time load_time = absl::InfinitePast();
  size_t key_count = 0;
  size_t skip_count = 0;
  bool stale = false;  // the last attempt failed
};

class KeysFileImporter {
 public:
  // Both outlive it.
  KeysFileImporter(KeyRegistry& registry, const Clock& clock)
      : registry_(registry), clock_(clock) {}

  // Makes the keys of the file at `fd` those in force. When it cannot be read
  // or is not a keys file, the last ones stay.
  absl::Status Load(int fd);
  // The file is not there. When it was read since the start its keys stay, as
  // the earlier proxy has it, and NotFound comes back; otherwise there are
  // none.
  absl::Status Missing();

  [[nodiscard]] KeysFileStatus status() const;

 private:
  absl::Status Import(int fd);
  absl::Status Apply(const KeysFile& file);
  absl::Status Note(absl::Status status);

  KeyRegistry& registry_;
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  KeysFileStatus status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_KEYS_KEYS_FILE_IMPORTER_H_
