// How secrets come in: from a file, a descriptor or an environment variable,
// straight into the arena, without a copy in any other memory of the process.
// Supervisor only. Every refusal is one sentence for the operator that names
// the file and what to do about it.
#ifndef HOLT_COMMON_SECRET_SECRET_INPUT_H_
#define HOLT_COMMON_SECRET_SECRET_INPUT_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "common/secret/secret_arena.h"
#include "common/secret/secret_bytes.h"

namespace holt {

enum class FileAudience {
  // Owned by root or by us, and for the owner's eyes only.
  kOwnerOnly,
  // Any mode: a certificate. Read the same way, since operators put keys into
  // certificate files too.
  kAnyone,
};

// The whole of the regular file at `path`, which is no symbolic link and has at
// most `max_size` bytes. NotFound, PermissionDenied (mode or owner, with the
// chmod that helps), ResourceExhausted (too large) or InvalidArgument (empty,
// no regular file).
absl::StatusOr<SecretBytes> ReadSecretFile(SecretArena& arena,
                                           const std::string& path,
                                           size_t max_size,
                                           FileAudience audience);

// All bytes of `fd` (a pipe, a file) up to its end, at most `max_size`.
// `name` stands for it in messages.
absl::StatusOr<SecretBytes> ReadSecretDescriptor(SecretArena& arena, int fd,
                                                 const std::string& name,
                                                 size_t max_size);

// The value of the environment variable. Its bytes are overwritten where they
// stood (so that /proc/PID/environ has them no more) and the variable is unset.
// NotFound when there is none, ResourceExhausted beyond `max_size` (overwritten
// all the same). Call it before there is a second thread.
absl::StatusOr<SecretBytes> TakeEnvironmentSecret(SecretArena& arena,
                                                  const std::string& name,
                                                  size_t max_size);

}  // namespace holt

#endif  // HOLT_COMMON_SECRET_SECRET_INPUT_H_
