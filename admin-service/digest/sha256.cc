#include "admin-service/digest/sha256.h"

#include <openssl/evp.h>

#include "common/base/check.h"

namespace holt::admin {

Sha256Digest Sha256(absl::string_view bytes) {
  Sha256Digest digest;
  // Fails only when OpenSSL has no memory or no SHA-256 at all.
  HOLT_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr,
                        EVP_sha256(), nullptr) == 1);
  return digest;
}

absl::string_view AsText(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace holt::admin
