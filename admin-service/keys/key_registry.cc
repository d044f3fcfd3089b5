#include "admin-service/keys/key_registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "admin-service/keys/source_sync.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"

namespace holt::admin {
namespace {

absl::Status CheckNewKey(const NewKey& key, absl::Time now) {
  if (key.display_name.empty() || key.display_name.size() > kMaxDisplayName) {
    return absl::InvalidArgumentError(absl::StrCat(
        "api_key.display_name: give 1 to ", kMaxDisplayName, " bytes"));
  }
  const auto is_control = [](char letter) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(letter));
  };
  if (std::any_of(key.display_name.begin(), key.display_name.end(),
                  is_control)) {
    return absl::InvalidArgumentError(
        "api_key.display_name: control characters are not allowed");
  }
  if (key.owner_kind == OwnerKind::kUnspecified) {
    return absl::InvalidArgumentError(
        "api_key.owner_kind: say whether an activist or an integration gets "
        "the key");
  }
  if (key.expire_time <= now) {
    return absl::InvalidArgumentError(
        "api_key.expire_time: lies in the past; give a time to come");
  }
  if (key.requests_per_window > kMaxRequestsPerWindow) {
    return absl::InvalidArgumentError(
        absl::StrCat("api_key.requests_per_window: give 1 to ",
                     kMaxRequestsPerWindow, ", or leave it unset"));
  }
  return absl::OkStatus();
}

absl::Status CheckManagedHere(const KeyRecord& key) {
  switch (key.source) {
    case KeySource::kAdmin:
      return absl::OkStatus();
    case KeySource::kFile:
      return absl::FailedPreconditionError(
          absl::StrCat("API key ", key.key_id,
                       " comes from the keys file: change it there"));
    case KeySource::kEnvironment:
      return absl::FailedPreconditionError(absl::StrCat(
          "API key ", key.key_id,
          " comes from the environment variable API_KEYS: change it there and "
          "restart"));
  }
  return absl::InternalError("API key without a source");
}

absl::string_view ActionOf(KeyState state) {
  switch (state) {
    case KeyState::kActive:
      return "EnableApiKey";
    case KeyState::kDisabled:
      return "DisableApiKey";
    case KeyState::kRevoked:
      return "RevokeApiKey";
  }
  return "?";
}

absl::string_view ActorOf(KeySource source) {
  return source == KeySource::kFile ? "keys-file" : "environment";
}

}  // namespace

absl::StatusOr<std::unique_ptr<KeyRegistry>> KeyRegistry::Create(
    Store& store, const Clock& clock) {
  ASSIGN_OR_RETURN(const uint64_t epoch, store.AdvanceEpoch(clock.Now()));
  return std::unique_ptr<KeyRegistry>(new KeyRegistry(store, clock, epoch));
}

absl::StatusOr<CreatedKey> KeyRegistry::CreateKey(const NewKey& request,
                                                  const Actor& actor) {
  const absl::Time now = clock_.Now();
  RETURN_IF_ERROR(CheckNewKey(request, now));
  ASSIGN_OR_RETURN(KeyText secret, MakeKey());
  ASSIGN_OR_RETURN(std::string key_id, MakeKeyId());
  const KeyRecord wanted = {.key_id = std::move(key_id),
                            .digest = secret.digest(),
                            .hint = secret.hint(),
                            .display_name = request.display_name,
                            .owner_kind = request.owner_kind,
                            .source = KeySource::kAdmin,
                            .state = KeyState::kActive,
                            .create_time = now,
                            .update_time = now,
                            .expire_time = request.expire_time,
                            .requests_per_window = request.requests_per_window};
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(KeyRecord record, WriteOne(wanted, "CreateApiKey", actor));
  return CreatedKey{std::move(record), std::move(secret)};
}

absl::StatusOr<KeyRecord> KeyRegistry::GetKey(absl::string_view key_id) {
  absl::StatusOr<KeyRecord> key = store_.FindKey(key_id);
  if (absl::IsNotFound(key.status())) {
    return absl::NotFoundError(absl::StrCat(
        "API key \"", key_id, "\" was not found: the list of keys has the ids"));
  }
  return key;
}

absl::StatusOr<std::vector<KeyRecord>> KeyRegistry::ListKeys(
    const KeyPage& page) {
  return store_.ListKeys(page);
}

absl::StatusOr<KeyRecord> KeyRegistry::SetState(absl::string_view key_id,
                                                KeyState state,
                                                const Actor& actor) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(KeyRecord key, GetKey(key_id));
  if (key.state == state) return key;
  RETURN_IF_ERROR(CheckManagedHere(key));
  if (key.state == KeyState::kRevoked) {
    return absl::FailedPreconditionError(absl::StrCat(
        "API key ", key_id, " was revoked, which is for good: make a new one"));
  }
  key.state = state;
  key.update_time = clock_.Now();
  if (state == KeyState::kRevoked) key.revoke_time = key.update_time;
  return WriteOne(key, ActionOf(state), actor);
}

absl::StatusOr<KeyRecord> KeyRegistry::WriteOne(const KeyRecord& key,
                                                absl::string_view action,
                                                const Actor& actor) {
  ASSIGN_OR_RETURN(KeyChange change,
                   store_.WriteKeys(absl::MakeConstSpan(&key, 1), action, actor,
                                    key.update_time));
  KeyRecord written = change.keys.front();
  Publish({.epoch = change.epoch, .put = std::move(change.keys)});
  return written;
}

void KeyRegistry::AuditRefusal(absl::string_view action,
                               absl::string_view resource,
                               const absl::Status& refusal,
                               const Actor& actor) {
  // A caller's name for a resource may be anything; a real one is shorter.
  constexpr size_t kLongestResource = 64;
  const absl::Status noted = store_.AppendAudit(
      {.time = clock_.Now(),
       .actor = actor.name,
       .action = absl::StrCat(action, " (refused)"),
       .resource = std::string(resource.substr(0, kLongestResource)),
       .after = absl::StrCat("{\"code\":\"",
                             absl::StatusCodeToString(refusal.code()), "\"}")});
  if (!noted.ok()) Log(Severity::kError, "audit_failed").Code("status", noted);
}

absl::StatusOr<int> KeyRegistry::SyncSource(
    KeySource source, absl::Span<const ImportedKey> keys) {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(const std::vector<KeyRecord> existing, store_.AllKeys());
  SourceDiff diff = DiffSource(source, existing, keys, now);
  if (diff.write.empty()) return diff.foreign;
  ASSIGN_OR_RETURN(KeyChange change,
                   store_.WriteKeys(diff.write, "SyncApiKeys",
                                    Actor{std::string(ActorOf(source))}, now));
  Publish({.epoch = change.epoch,
           .put = std::move(change.keys),
           .removed = std::move(diff.removed)});
  return diff.foreign;
}

void KeyRegistry::Publish(KeyUpdate update) {
  epoch_ = update.epoch;
  std::erase_if(watches_, [&update](const std::weak_ptr<KeyWatch>& listener) {
    const std::shared_ptr<KeyWatch> watch = listener.lock();
    if (watch != nullptr) watch->Push(update);
    return watch == nullptr;
  });
}

absl::StatusOr<std::shared_ptr<KeyWatch>> KeyRegistry::Watch() {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(KeyChange live, store_.LiveKeys());
  auto watch = std::make_shared<KeyWatch>(
      KeyUpdate{.epoch = live.epoch, .put = std::move(live.keys)});
  watches_.push_back(watch);
  return watch;
}

uint64_t KeyRegistry::epoch() const {
  absl::MutexLock lock(&mutex_);
  return epoch_;
}

}  // namespace holt::admin
