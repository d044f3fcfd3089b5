#include "common/secret/openssl_arena.h"

#include <openssl/crypto.h>

#include <utility>

namespace holt {
namespace {

// OpenSSL's hooks take no context, so this one pointer is global. It is made
// before OpenSSL registers its own clean-up, hence destroyed after that has
// run.
class OpenSslArena {
 public:
  static OpenSslArena& Get() {
    static OpenSslArena holder;
    return holder;
  }
  void Set(std::unique_ptr<SecretArena> arena) { arena_ = std::move(arena); }
  // Null before the first and after the last of OpenSSL.
  [[nodiscard]] SecretArena* arena() const { return arena_.get(); }

 private:
  std::unique_ptr<SecretArena> arena_;
};

void* Allocate(size_t size, const char* /*file*/, int /*line*/) {
  SecretArena* arena = OpenSslArena::Get().arena();
  return arena == nullptr || size == 0 ? nullptr : arena->Allocate(size);
}

void Free(void* memory, const char* /*file*/, int /*line*/) {
  SecretArena* arena = OpenSslArena::Get().arena();
  if (arena != nullptr) arena->Free(memory);
}

void* Reallocate(void* memory, size_t size, const char* file, int line) {
  SecretArena* arena = OpenSslArena::Get().arena();
  if (arena == nullptr) return nullptr;
  if (size == 0) {
    Free(memory, file, line);
    return nullptr;
  }
  return arena->Reallocate(memory, size);
}

}  // namespace

absl::StatusOr<SecretArena*> RouteOpenSslAllocations(
    std::unique_ptr<SecretArena> arena) {
  OpenSslArena& holder = OpenSslArena::Get();
  if (holder.arena() != nullptr ||
      CRYPTO_set_mem_functions(&Allocate, &Reallocate, &Free) != 1) {
    return absl::FailedPreconditionError(
        "OpenSSL was used before its memory could be moved");
  }
  holder.Set(std::move(arena));
  return holder.arena();
}

}  // namespace holt
