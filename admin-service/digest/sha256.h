// SHA-256, for key digests and the audit trail's chain. Runs in the
// admin-service. Holds nothing.
#ifndef HOLT_ADMIN_SERVICE_DIGEST_SHA256_H_
#define HOLT_ADMIN_SERVICE_DIGEST_SHA256_H_

#include <array>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace holt::admin {

using Sha256Digest = std::array<uint8_t, 32>;

Sha256Digest Sha256(absl::string_view bytes);

// The bytes of a digest as text that SQLite or a hash takes.
absl::string_view AsText(const Sha256Digest& digest);

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_DIGEST_SHA256_H_
