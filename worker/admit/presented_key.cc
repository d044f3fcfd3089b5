#include "worker/admit/presented_key.h"

#include <openssl/evp.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "common/base/check.h"

namespace holt::worker {
namespace {

absl::string_view BearerToken(absl::string_view authorization) {
  constexpr absl::string_view kScheme = "bearer";
  if (!absl::StartsWithIgnoreCase(authorization, kScheme)) return {};
  authorization.remove_prefix(kScheme.size());
  if (!absl::StartsWith(authorization, " ")) return {};
  return absl::StripAsciiWhitespace(authorization);
}

}  // namespace

PresentedKey FindPresentedKey(const RequestHead& head) {
  const absl::string_view bearer =
      BearerToken(head.Find("authorization").value_or(absl::string_view()));
  const absl::string_view header =
      head.Find("x-api-key").value_or(absl::string_view());
  if (!bearer.empty() && !header.empty() && bearer != header) {
    return {{}, true};
  }
  return {bearer.empty() ? header : bearer, false};
}

KeyDigest DigestOf(absl::string_view key) {
  // Fetched once: the look-up of an algorithm costs more than hashing a key.
  static EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static EVP_MD_CTX* const kContext = EVP_MD_CTX_new();
  HOLT_CHECK(kSha256 != nullptr && kContext != nullptr);
  KeyDigest digest{};
  unsigned int size = 0;
  HOLT_CHECK(EVP_DigestInit_ex2(kContext, kSha256, nullptr) == 1);
  HOLT_CHECK(EVP_DigestUpdate(kContext, key.data(), key.size()) == 1);
  HOLT_CHECK(EVP_DigestFinal_ex(kContext, digest.data(), &size) == 1);
  return digest;
}

}  // namespace holt::worker
