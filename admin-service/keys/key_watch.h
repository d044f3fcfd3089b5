// One listener to the keys: what the stream of one courier waits on. Runs in
// the admin-service. The registry puts updates in, the stream's thread takes
// them out; both own it, since either may end first.
#ifndef HOLT_ADMIN_SERVICE_KEYS_KEY_WATCH_H_
#define HOLT_ADMIN_SERVICE_KEYS_KEY_WATCH_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "admin-service/store/records.h"

namespace holt::admin {

// One committed change of keys.
struct KeyUpdate {
  uint64_t epoch = 0;
  std::vector<KeyRecord> put;
  std::vector<Sha256Digest> removed;  // digests that are no key's any more
};

class KeyWatch {
 public:
  // `snapshot`: all keys that are not revoked at its epoch. Updates follow it
  // without a gap.
  explicit KeyWatch(KeyUpdate snapshot) : snapshot_(std::move(snapshot)) {}

  [[nodiscard]] const KeyUpdate& snapshot() const { return snapshot_; }
  // The next update, or nullopt when there was none for `timeout` or the watch
  // is closed.
  std::optional<KeyUpdate> Next(absl::Duration timeout);

  // A listener too slow to follow is closed; a new watch starts with a
  // snapshot.
  void Push(const KeyUpdate& update);
  void Close();
  [[nodiscard]] bool closed() const;

 private:
  static constexpr size_t kMaxWaiting = 4096;
  const KeyUpdate snapshot_;
  mutable absl::Mutex mutex_;
  std::deque<KeyUpdate> waiting_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_KEYS_KEY_WATCH_H_
