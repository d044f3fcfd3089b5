#include "worker/courier/key_sync.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/ipc/limiter.h"
#include "common/ipc/settings.h"

namespace holt::worker {
namespace {

using internal::v1::KeyTableChange;

constexpr uint32_t kLongestWindowMillis = 86'400'000;
constexpr uint32_t kLeastStalenessMillis = 10'000;
constexpr uint32_t kMostStalenessMillis = 3'600'000;

absl::Status BoundBroken() {
  return absl::InvalidArgumentError("key stream: a bound is broken");
}

std::vector<bool> CellsInUse(const KeyTableWriter& table, uint32_t max_keys) {
  std::vector<bool> in_use(max_keys, false);
  table.ForEach([&in_use](const KeyPolicy& policy) {
    if (policy.limiter_cell < in_use.size()) in_use[policy.limiter_cell] = true;
  });
  return in_use;
}

bool ToDigest(const std::string& bytes, KeyDigest& digest) {
  if (bytes.size() != digest.size()) return false;
  std::memcpy(digest.data(), bytes.data(), digest.size());
  return true;
}

bool IsKeyId(absl::string_view id) {
  return !id.empty() && std::all_of(id.begin(), id.end(), [](char letter) {
    return absl::ascii_isalnum(static_cast<unsigned char>(letter)) ||
           letter == '-' || letter == '_' || letter == '.';
  });
}

std::optional<KeyState> ToState(internal::v1::KeyState state) {
  if (state == internal::v1::KEY_STATE_ACTIVE) return KeyState::kActive;
  if (state == internal::v1::KEY_STATE_DISABLED) return KeyState::kDisabled;
  if (state == internal::v1::KEY_STATE_REVOKED) return KeyState::kRevoked;
  return std::nullopt;
}

// Everything but the cell.
absl::StatusOr<KeyPolicy> ToPolicy(const internal::v1::Key& key) {
  KeyPolicy policy{};
  const std::optional<KeyState> state = ToState(key.state());
  if (key.number() == 0 || !state.has_value() || !IsKeyId(key.key_id()) ||
      key.requests_per_window() > kMaxKeyRequests) {
    return BoundBroken();
  }
  policy.key_number = key.number();
  RETURN_IF_ERROR(SetText(policy.key_id, key.key_id()));
  RETURN_IF_ERROR(SetText(policy.label, key.label()));
  policy.created_unix_ms = key.create_unix_ms();
  policy.expires_unix_ms = key.expire_unix_ms();
  policy.state = *state;
  policy.requests_per_window = key.requests_per_window();
  return policy;
}

bool IsWindow(uint32_t millis) {
  return millis >= 1 && millis <= kLongestWindowMillis;
}

}  // namespace

KeySync::KeySync(KeyTableWriter& table, uint32_t max_keys, const Clock& clock)
    : table_(table),
      max_keys_(max_keys),
      clock_(clock),
      cells_(max_keys, CellsInUse(table, max_keys), clock.BootNanos()) {}

absl::Status KeySync::Apply(const KeyTableChange& change) {
  if (change.epoch() < table_.epoch() || change.epoch() == 0) {
    return absl::FailedPreconditionError("key stream: an older epoch");
  }
  // Exactly the first step of a stream begins a snapshot.
  const bool begins = change.change_case() == KeyTableChange::kSnapshotBegin;
  if (begins == (phase_ != Phase::kNothing)) {
    return absl::InvalidArgumentError("key stream: out of order");
  }
  RETURN_IF_ERROR(ApplyStep(change));
  if (phase_ != Phase::kLive) return absl::OkStatus();
  return table_.Confirm(change.epoch(), clock_.BootNanos());
}

absl::Status KeySync::ApplyStep(const KeyTableChange& change) {
  switch (change.change_case()) {
    case KeyTableChange::kSnapshotBegin:
      return BeginSnapshot();
    case KeyTableChange::kPut:
      return Put(change.put());
    case KeyTableChange::kRemove:
      return Remove(change.remove());
    case KeyTableChange::kSnapshotEnd:
      return EndSnapshot();
    case KeyTableChange::kSettings:
      return SetSettings(change.settings());
    case KeyTableChange::kHeartbeat:
      return absl::OkStatus();
    case KeyTableChange::CHANGE_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("key stream: an unknown step");
}

absl::Status KeySync::BeginSnapshot() {
  table_.BeginSnapshot();
  phase_ = Phase::kSnapshot;
  return absl::OkStatus();
}

absl::Status KeySync::EndSnapshot() {
  if (phase_ != Phase::kSnapshot) {
    return absl::InvalidArgumentError("key stream: out of order");
  }
  table_.EndSnapshot();
  cells_.KeepOnly(CellsInUse(table_, max_keys_), clock_.BootNanos());
  phase_ = Phase::kLive;
  return absl::OkStatus();
}

absl::Status KeySync::Put(const internal::v1::Key& key) {
  KeyDigest digest;
  if (!ToDigest(key.digest(), digest)) return BoundBroken();
  ASSIGN_OR_RETURN(KeyPolicy policy, ToPolicy(key));
  const int64_t now = clock_.BootNanos();
  const std::optional<KeyPolicy> known = table_.Find(digest);
  const bool same = known.has_value() && known->key_number == policy.key_number;
  const std::optional<uint32_t> cell =
      same ? known->limiter_cell : cells_.Take(now);
  absl::Status put = absl::ResourceExhaustedError("no limiter cell is left");
  if (cell.has_value()) {
    policy.limiter_cell = *cell;
    put = table_.Put(digest, policy);
  }
  if (put.ok()) {
    if (known.has_value() && !same) cells_.Give(known->limiter_cell, now);
    return absl::OkStatus();
  }
  // Only a key that is not in the table can fail to get in: the cell was taken
  // for it just now.
  if (cell.has_value()) cells_.Give(*cell, now);
  // The others go on: the stream is sound, the table is too small.
  Log(Severity::kError, "key_table_full")
      .Id("key", SafeId(key.key_id()))
      .Number("size", table_.size());
  return absl::OkStatus();
}

absl::Status KeySync::Remove(const std::string& bytes) {
  KeyDigest digest;
  if (!ToDigest(bytes, digest)) return BoundBroken();
  const std::optional<KeyPolicy> known = table_.Find(digest);
  if (!known.has_value()) return absl::OkStatus();
  table_.Remove(digest);
  cells_.Give(known->limiter_cell, clock_.BootNanos());
  return absl::OkStatus();
}

absl::Status KeySync::SetSettings(const internal::v1::Settings& settings) {
  if (settings.global_requests() > kMaxGlobalRequests ||
      settings.address_requests() > kMaxAddressRequests ||
      !IsWindow(settings.global_window_ms()) ||
      !IsWindow(settings.address_window_ms()) ||
      settings.max_staleness_ms() < kLeastStalenessMillis ||
      settings.max_staleness_ms() > kMostStalenessMillis) {
    return BoundBroken();
  }
  table_.SetSettings({.global_requests = settings.global_requests(),
                      .global_window_ms = settings.global_window_ms(),
                      .address_requests = settings.address_requests(),
                      .address_window_ms = settings.address_window_ms(),
                      .max_staleness_ms = settings.max_staleness_ms()});
  return absl::OkStatus();
}

}  // namespace holt::worker
