// The API keys as the admin-service manages them: rules above, store below,
// listeners beside. Runs in the admin-service; called from gRPC threads and
// from the thread that reads the keys file. What callers hand in is hostile and
// is checked here.
//
// One lock orders changes: listeners see them in the order of their commits.
#ifndef HOLT_ADMIN_SERVICE_KEYS_KEY_REGISTRY_H_
#define HOLT_ADMIN_SERVICE_KEYS_KEY_REGISTRY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "admin-service/keys/imported_key.h"
#include "admin-service/keys/key_text.h"
#include "admin-service/keys/key_watch.h"
#include "admin-service/store/store.h"
#include "common/base/clock.h"

namespace holt::admin {

inline constexpr size_t kMaxDisplayName = 127;
inline constexpr uint32_t kMaxRequestsPerWindow = 1024;

// What the maker of a key decides.
struct NewKey {
  std::string display_name;
  OwnerKind owner_kind = OwnerKind::kUnspecified;
  absl::Time expire_time = absl::InfiniteFuture();
  uint32_t requests_per_window = 0;  // 0: no limit of its own
};

struct CreatedKey {
  KeyRecord record;
  KeyText secret;
};

class KeyRegistry {
 public:
  // Starts a new epoch: after a restart the settings may differ. Store and
  // clock outlive it.
  static absl::StatusOr<std::unique_ptr<KeyRegistry>> Create(
      Store& store, const Clock& clock);

  // InvalidArgument: a field is wrong, and the message says which.
  absl::StatusOr<CreatedKey> CreateKey(const NewKey& request,
                                       const Actor& actor);
  // NotFound, with a sentence for the operator.
  absl::StatusOr<KeyRecord> GetKey(absl::string_view key_id);
  absl::StatusOr<std::vector<KeyRecord>> ListKeys(const KeyPage& page);
  // Nothing happens when the key is in that state already. FailedPrecondition:
  // the key was revoked, or is not managed here.
  absl::StatusOr<KeyRecord> SetState(absl::string_view key_id, KeyState state,
                                     const Actor& actor);

  // Notes in the audit trail that `actor` asked for `action` on `resource` and
  // was refused.
  void AuditRefusal(absl::string_view action, absl::string_view resource,
                    const absl::Status& refusal, const Actor& actor);

  // Makes the keys of `source` (a file or the environment) those of `keys`, in
  // one transaction: new ones come, changed ones change, missing ones are
  // revoked. An entry with the name of an earlier one and another digest is
  // that key with a new secret. A digest that another source manages already
  // stays with it; the return value counts those.
  absl::StatusOr<int> SyncSource(KeySource source,
                                 absl::Span<const ImportedKey> keys);

  // A new listener; it lives until closed by either side.
  absl::StatusOr<std::shared_ptr<KeyWatch>> Watch();
  [[nodiscard]] uint64_t epoch() const;

 private:
  KeyRegistry(Store& store, const Clock& clock, uint64_t epoch)
      : store_(store), clock_(clock), epoch_(epoch) {}
  absl::StatusOr<KeyRecord> WriteOne(const KeyRecord& key,
                                     absl::string_view action,
                                     const Actor& actor)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Publish(KeyUpdate update) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Store& store_;
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  uint64_t epoch_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<KeyWatch>> watches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_KEYS_KEY_REGISTRY_H_
