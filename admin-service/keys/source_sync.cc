#include "admin-service/keys/source_sync.h"

#include <map>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"

namespace holt::admin {
namespace {

class Differ {
 public:
  Differ(KeySource source, absl::Span<const KeyRecord> existing,
         absl::Span<const ImportedKey> listed, absl::Time now)
      : source_(source), now_(now) {
    for (const ImportedKey& key : listed) listed_[key.digest] = &key;
    for (const KeyRecord& key : existing) {
      by_digest_[key.digest] = &key;
      by_id_[key.key_id] = &key;
    }
  }

  SourceDiff Run(absl::Span<const KeyRecord> existing) {
    for (const auto& [digest, key] : listed_) Import(*key);
    for (const KeyRecord& key : existing) RevokeIfGone(key);
    return std::move(diff_);
  }

 private:
  void Import(const ImportedKey& key);
  const KeyRecord* FindEarlierSecret(const ImportedKey& key) const;
  [[nodiscard]] bool MayTake(const KeyRecord& key) const;
  void Write(const ImportedKey& key, const KeyRecord& before);
  std::string FreeId(const std::string& wanted, uint64_t number) const;
  void RevokeIfGone(const KeyRecord& key);

  const KeySource source_;
  const absl::Time now_;
  std::map<Sha256Digest, const ImportedKey*> listed_;
  std::map<Sha256Digest, const KeyRecord*> by_digest_;
  std::map<std::string, const KeyRecord*> by_id_;
  std::set<std::string> given_ids_;
  std::set<uint64_t> kept_;
  SourceDiff diff_;
};

// A key that the other source still lists is that source's; one revoked by an
// operator stays revoked whatever a file says.
bool Differ::MayTake(const KeyRecord& key) const {
  return key.source == source_ ||
         (key.source != KeySource::kAdmin && key.state == KeyState::kRevoked);
}

void Differ::Import(const ImportedKey& key) {
  const auto same = by_digest_.find(key.digest);
  if (same != by_digest_.end()) {
    if (!MayTake(*same->second)) {
      ++diff_.foreign;
      return;
    }
    Write(key, *same->second);
    return;
  }
  const KeyRecord* const earlier = FindEarlierSecret(key);
  if (earlier != nullptr) diff_.removed.push_back(earlier->digest);
  Write(key, earlier != nullptr ? *earlier : KeyRecord{});
}

const KeyRecord* Differ::FindEarlierSecret(const ImportedKey& key) const {
  const auto same_id = by_id_.find(key.key_id);
  if (same_id == by_id_.end()) return nullptr;
  const KeyRecord& record = *same_id->second;
  const bool free = record.source == source_ &&
                    !listed_.contains(record.digest) &&
                    !kept_.contains(record.number);
  return free ? &record : nullptr;
}

void Differ::Write(const ImportedKey& key, const KeyRecord& before) {
  KeyRecord after = before;
  after.key_id = FreeId(key.key_id, before.number);
  after.digest = key.digest;
  after.hint = key.hint;
  after.display_name = key.display_name;
  after.source = source_;
  after.state = key.enabled ? KeyState::kActive : KeyState::kDisabled;
  after.expire_time = key.expire_time;
  after.revoke_time = absl::InfiniteFuture();
  after.requests_per_window = key.requests_per_window;
  if (before.number == 0) {
    after.create_time =
        key.create_time == absl::InfinitePast() ? now_ : key.create_time;
  } else {
    kept_.insert(before.number);
  }
  given_ids_.insert(after.key_id);
  if (before.number != 0 && after == before) return;
  after.update_time = now_;
  diff_.write.push_back(std::move(after));
}

std::string Differ::FreeId(const std::string& wanted, uint64_t number) const {
  std::string id = wanted;
  for (int suffix = 2;; ++suffix) {
    const auto owner = by_id_.find(id);
    const bool own = owner != by_id_.end() && owner->second->number == number;
    const bool taken =
        (owner != by_id_.end() && !own) || given_ids_.contains(id);
    if (!taken) return id;
    const std::string tail = absl::StrCat("-", suffix);
    id = absl::StrCat(wanted.substr(0, kMaxKeyId - tail.size()), tail);
  }
}

void Differ::RevokeIfGone(const KeyRecord& key) {
  if (key.source != source_ || key.state == KeyState::kRevoked ||
      kept_.contains(key.number)) {
    return;
  }
  KeyRecord gone = key;
  gone.state = KeyState::kRevoked;
  gone.revoke_time = now_;
  gone.update_time = now_;
  diff_.write.push_back(std::move(gone));
}

}  // namespace

SourceDiff DiffSource(KeySource source, absl::Span<const KeyRecord> existing,
                      absl::Span<const ImportedKey> listed, absl::Time now) {
  return Differ(source, existing, listed, now).Run(existing);
}

}  // namespace holt::admin
