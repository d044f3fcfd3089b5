// What the admin-service keeps: plain values, as the store gives and takes
// them. Metadata only: there is no field that could carry a word of a request
// or an answer, and no API key in clear. Runs in the admin-service.
#ifndef HOLT_ADMIN_SERVICE_STORE_RECORDS_H_
#define HOLT_ADMIN_SERVICE_STORE_RECORDS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/time/time.h"
#include "admin-service/digest/sha256.h"

namespace holt::admin {

// The numbers of all enums below are in the database: never renumber.

enum class KeyState { kActive = 1, kDisabled = 2, kRevoked = 3 };
enum class OwnerKind { kUnspecified = 0, kActivist = 1, kIntegration = 2 };
// Who manages a key; nobody else may change it.
enum class KeySource { kAdmin = 1, kFile = 2, kEnvironment = 3 };

// One API key. Rows are never removed, so that the ledger can name every key it
// ever charged.
struct KeyRecord {
  uint64_t number = 0;  // the ledger's name of the key; 0: not stored yet
  std::string key_id;   // public name, SafeId letters, unique
  Sha256Digest digest{};
  std::string hint;  // last four characters of the secret; may be empty
  std::string display_name;
  OwnerKind owner_kind = OwnerKind::kUnspecified;
  KeySource source = KeySource::kAdmin;
  KeyState state = KeyState::kActive;
  absl::Time create_time;
  absl::Time update_time;
  absl::Time expire_time = absl::InfiniteFuture();
  absl::Time revoke_time = absl::InfiniteFuture();  // finite when revoked
  uint32_t requests_per_window = 0;                 // 0: no limit of its own

  friend bool operator==(const KeyRecord&, const KeyRecord&) = default;
};

// Who asks for a change: "uid:1000", "keys-file", "environment", "courier".
struct Actor {
  std::string name;
};

// The 16 bytes that name a usage journal.
using JournalName = std::array<uint8_t, 16>;

// What is summed: of one request, or of many.
struct UsageCounts {
  int64_t requests = 0;
  int64_t prompt_tokens = 0;
  int64_t cached_tokens = 0;  // part of prompt_tokens
  int64_t completion_tokens = 0;
  int64_t reasoning_tokens = 0;  // part of completion_tokens
  int64_t total_tokens = 0;
  int64_t audio_bytes = 0;

  friend bool operator==(const UsageCounts&, const UsageCounts&) = default;
};

// One request as a worker accounted for it. Its identity is (journal,
// sequence).
struct UsageRecord {
  uint64_t sequence = 0;
  uint64_t key_number = 0;
  std::string model;
  int endpoint = 0;  // value of holt::Endpoint
  UsageCounts counts;
  int http_status = 0;
  int outcome = 0;  // value of holt::UsageOutcome
  bool streamed = false;
  bool usage_seen = false;
  bool usage_unreadable = false;
  absl::Time start_time;
  absl::Time end_time;

  friend bool operator==(const UsageRecord&, const UsageRecord&) = default;
};

// Why a record of a journal does not count.
enum class Uncounted {
  kUnknownKey = 1,  // of a key that was never given out: refused
  kSenseless = 2,   // counts or times that cannot be: refused
  kVoid = 3,        // the request was never sent upstream
  kDamaged = 4,     // the journal could not read it
};

// A record with its price, or the reason why it does not count (then only its
// sequence matters).
struct PricedUsage {
  UsageRecord record;
  int64_t cost_pico = 0;  // 1e-12 of the currency's unit
  std::optional<Uncounted> uncounted;
};

// What a courier hands over of one journal.
struct JournalBatch {
  JournalName journal{};
  // The journal's own mark: everything below was settled before.
  uint64_t acknowledged_below = 0;
  std::vector<PricedUsage> entries;
};

// What became of it.
struct JournalResult {
  // Every sequence below is settled: the ledger's mark after the batch.
  uint64_t settled_below = 0;
  int64_t committed = 0;
  int64_t duplicates = 0;  // were settled already
  int64_t conflicts = 0;   // of those: with other values than before
  int64_t refused = 0;
  int64_t damaged = 0;
  // Sequences that the journal holds for settled and the ledger has never
  // seen: it was set back to an earlier state.
  uint64_t lost = 0;
};

// Which usage to sum: [start, end), perhaps of one key or model.
struct UsageFilter {
  absl::Time start = absl::InfinitePast();
  absl::Time end = absl::InfiniteFuture();
  std::optional<uint64_t> key_number;
  std::optional<std::string> model;
};

// What to keep apart in the sums.
struct UsageDimensions {
  bool key = false;
  bool model = false;
  bool endpoint = false;
};

// One group. Members that were not kept apart are zero or empty.
struct UsageSum {
  uint64_t key_number = 0;
  std::string model;
  int endpoint = 0;
  UsageCounts counts;
  absl::int128 cost_pico = 0;
};

// What a model costs from a moment on, in millionths of the currency's unit.
struct PriceRecord {
  std::string model;  // "*": every model without a price of its own
  absl::Time effective_time = absl::InfinitePast();
  bool retired = false;  // from then on the model has no price of its own
  int64_t prompt_micros_per_million = 0;
  int64_t completion_micros_per_million = 0;
  int64_t cached_micros_per_million = 0;
  int64_t audio_micros_per_mebibyte = 0;  // not 0: by size, tokens are free
};

// One link of the audit trail.
struct AuditRecord {
  int64_t number = 0;
  absl::Time time;
  std::string actor;
  std::string action;
  std::string resource;
  std::string before;  // JSON, or empty
  std::string after;   // JSON, or empty
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_STORE_RECORDS_H_
