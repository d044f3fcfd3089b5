// Puts OpenSSL's whole heap into a SecretArena. OpenSSL makes copies of private
// keys that no caller sees; this way there is none outside the arena.
// Supervisor only: one thread.
#ifndef HOLT_COMMON_SECRET_OPENSSL_ARENA_H_
#define HOLT_COMMON_SECRET_OPENSSL_ARENA_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/secret/secret_arena.h"

namespace holt {

// From here on OpenSSL allocates in `arena` only. Call it before any other
// OpenSSL call of the process, once; FailedPrecondition otherwise. The arena
// lives until OpenSSL's own clean-up at exit has run, and is wiped then; the
// result is that arena, for SecretBytes.
absl::StatusOr<SecretArena*> RouteOpenSslAllocations(
    std::unique_ptr<SecretArena> arena);

}  // namespace holt

#endif  // HOLT_COMMON_SECRET_OPENSSL_ARENA_H_
