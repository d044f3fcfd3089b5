// The memory that secrets live in: pages of memfd_secret(2), which not even
// root's ptrace reads, or, where the kernel has none, locked pages. Never
// dumped, never inherited by a fork, between two guard pages, wiped before it
// is unmapped.
//
// The supervisor has one of 2 MiB, into which every OpenSSL allocation goes; a
// worker has a small one for the upstream credential. Make it before
// EnterChild(): a sandbox lets nobody call memfd_secret.
#ifndef HOLT_COMMON_SECRET_SECRET_ARENA_H_
#define HOLT_COMMON_SECRET_SECRET_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/secret/arena_heap.h"

namespace holt {

// A worker's arena: a credential per upstream fits many times over.
inline constexpr size_t kWorkerArenaSize = size_t{64} << 10;

class SecretArena {
 public:
  enum class Kind { kMemfdSecret, kLocked };

  struct Options {
    // Rounded up to whole pages. Counts against RLIMIT_MEMLOCK.
    size_t size = size_t{2} << 20;
    // False forces the fallback; for its tests.
    bool use_memfd_secret = true;
  };

  // ResourceExhausted, with what to change, when RLIMIT_MEMLOCK is too small.
  static absl::StatusOr<std::unique_ptr<SecretArena>> Create(Options options);
  // Wipes and unmaps. All that was allocated in it must be gone.
  ~SecretArena();
  SecretArena(const SecretArena&) = delete;
  SecretArena& operator=(const SecretArena&) = delete;

  // Zeroed memory aligned to 16, or null when the arena is full.
  void* Allocate(size_t size) { return heap_.Allocate(size); }
  // Like realloc(3), yet the old bytes are wiped; null leaves `memory` as it
  // is.
  void* Reallocate(void* memory, size_t size);
  // Wipes, then frees; null is fine.
  void Free(void* memory);

  [[nodiscard]] Kind kind() const { return kind_; }
  // "memfd_secret" or "mlock": what health says.
  [[nodiscard]] absl::string_view kind_name() const;
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] size_t used() const { return heap_.used(); }
  [[nodiscard]] bool Contains(const void* memory) const {
    return heap_.Contains(memory);
  }

 private:
  SecretArena(Kind kind, uint8_t* pages, size_t size);

  const Kind kind_;
  uint8_t* const pages_;  // between the guard pages
  const size_t size_;
  ArenaHeap heap_;
};

}  // namespace holt

#endif  // HOLT_COMMON_SECRET_SECRET_ARENA_H_
