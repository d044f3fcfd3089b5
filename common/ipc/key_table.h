// The key table: digests of API keys with their policies, in shared memory that
// the courier alone maps writable and every worker reads. An open-addressing
// hash table over the SHA-256 digest with a per-table random seed; each entry
// is guarded by a sequence lock, so a change is one store sequence and a reader
// never blocks. Layout 1, docs/protocol/key-table.md.
//
// A worker treats the table as trusted for policy but still checks every index
// and length it uses. No API key in clear is ever in here.
#ifndef HOLT_COMMON_IPC_KEY_TABLE_H_
#define HOLT_COMMON_IPC_KEY_TABLE_H_

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/base/unique_fd.h"
#include "common/ipc/shared_memory.h"

namespace holt {

using KeyDigest = std::array<uint8_t, 32>;  // SHA-256 of the key's text

enum class KeyState : uint32_t {
  kActive = 1,
  kDisabled = 2,
  kRevoked = 3,
};

// What a worker knows about a key. Trivially copyable; text members
// zero-terminated.
struct KeyPolicy {
  uint64_t key_number;  // the ledger's key; never 0
  char key_id[40];      // public name, e.g. "key_1a2b3c4d": SafeId letters only
  char label[128];      // UTF-8, for the holder of the key
  int64_t created_unix_ms;
  int64_t expires_unix_ms;  // 0: never
  KeyState state;
  uint32_t requests_per_window;  // 0: no limit of its own
  uint32_t limiter_cell;  // index of the key's cell in the Limiter, chosen by
                          // the courier, stable while the key lives
  uint32_t reserved;
};
static_assert(std::is_trivially_copyable_v<KeyPolicy>);

// Settings that the admin-service pushes and workers follow at once.
struct SharedSettings {
  uint32_t global_requests;  // 0: no limit
  uint32_t global_window_ms;
  uint32_t address_requests;  // per client address; 0: no limit
  uint32_t address_window_ms;
  uint32_t max_staleness_ms;  // how long workers go on without news from the
                              // admin-service
  uint32_t reserved[11];
};
static_assert(std::is_trivially_copyable_v<SharedSettings>);

// Size of the shared memory for up to `max_keys` keys.
size_t KeyTableSize(uint32_t max_keys);
inline constexpr uint32_t kDefaultMaxKeys = 131'072;

// The courier's side. One writer.
class KeyTableWriter {
 public:
  // Maps the memory of `fd` (KeyTableSize(max_keys) bytes) and initialises it
  // if it is all zero; otherwise takes over what an earlier courier left (a
  // half-written entry is repaired by the next snapshot).
  static absl::StatusOr<KeyTableWriter> Open(int fd, uint32_t max_keys);

  // Inserts or replaces the entry of `digest`. ResourceExhausted when the table
  // is full.
  absl::Status Put(const KeyDigest& digest, const KeyPolicy& policy);
  // Removes the entry; no effect when there is none.
  void Remove(const KeyDigest& digest);
  [[nodiscard]] std::optional<KeyPolicy> Find(const KeyDigest& digest) const;
  // Visits every entry, in no particular order. `visit` changes nothing.
  void ForEach(const std::function<void(const KeyPolicy&)>& visit) const;
  // A snapshot: entries that were not Put between Begin and End are removed at
  // End.
  void BeginSnapshot();
  void EndSnapshot();
  void SetSettings(const SharedSettings& settings);
  // The admin-service was heard of at `boot_nanos` and the table is at `epoch`.
  // Refuses (FailedPrecondition) an epoch lower than the one in the table.
  absl::Status Confirm(uint64_t epoch, int64_t boot_nanos);
  [[nodiscard]] uint64_t epoch() const;
  [[nodiscard]] uint32_t size() const;

 private:
  struct Place;
  KeyTableWriter(Mapping mapping, uint32_t max_keys);
  void TakeOver();
  [[nodiscard]] Place Locate(const KeyDigest& digest) const;
  void RemoveAt(uint32_t slot);
  Mapping mapping_;
  uint32_t max_keys_;
  uint32_t slots_;
  uint32_t size_ = 0;
  // By slot: put since the last BeginSnapshot. Known to this writer alone.
  std::vector<bool> fresh_;
};

// A worker's side. Read-only mapping.
class KeyTableReader {
 public:
  static absl::StatusOr<KeyTableReader> Open(int fd, uint32_t max_keys);

  // The policy of the key whose digest is `digest`, whatever its state; nullopt
  // when unknown. Time does not depend on how near a wrong digest came
  // (constant-time compare). Bounded: gives up (nullopt) on a table that makes
  // no sense.
  [[nodiscard]] std::optional<KeyPolicy> Find(const KeyDigest& digest) const;
  [[nodiscard]] SharedSettings settings() const;
  // 0 until the first snapshot is whole.
  [[nodiscard]] uint64_t epoch() const;
  // Clock::BootNanos of the last news.
  [[nodiscard]] int64_t confirmed_boot_nanos() const;

 private:
  KeyTableReader(Mapping mapping, uint32_t slots)
      : mapping_(std::move(mapping)), slots_(slots) {}
  Mapping mapping_;
  uint32_t slots_;
};

}  // namespace holt

#endif  // HOLT_COMMON_IPC_KEY_TABLE_H_
