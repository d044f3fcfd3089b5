#include "supervisor/keys/signer.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "absl/strings/string_view.h"
#include "supervisor/keys/openssl.h"

namespace holt::supervisor {
namespace {

// RFC 8446 section 4.4.3.
constexpr size_t kPadding = 64;
constexpr uint8_t kPad = 0x20;
constexpr absl::string_view kContext = "TLS 1.3, server CertificateVerify";
constexpr size_t kPrefix = kPadding + kContext.size() + 1;
constexpr size_t kSha256Size = 32;
constexpr size_t kSha384Size = 48;

// RFC 8446 section 4.2.3: what each scheme is made of.
struct Scheme {
  uint16_t number;
  KeyKind kind;
  const char* digest;  // null: the scheme's own (Ed25519)
};
constexpr Scheme kSchemes[] = {
    {0x0403, KeyKind::kEcdsaP256, "SHA256"},
    {0x0503, KeyKind::kEcdsaP384, "SHA384"},
    {0x0804, KeyKind::kRsa, "SHA256"},
    {0x0805, KeyKind::kRsa, "SHA384"},
    {0x0807, KeyKind::kEd25519, nullptr},
};

const Scheme* Find(KeyKind kind, uint16_t number) {
  for (const Scheme& scheme : kSchemes) {
    if (scheme.number == number && scheme.kind == kind) return &scheme;
  }
  return nullptr;
}

// The salt is as long as the digest (RFC 8446 section 4.2.3).
bool ChoosePss(EVP_PKEY_CTX* context) {
  return ::EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
         ::EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) >
             0;
}

absl::StatusOr<size_t> Sign(EVP_PKEY* key, const Scheme& scheme,
                            absl::Span<const uint8_t> content,
                            absl::Span<uint8_t> signature) {
  ::ERR_clear_error();
  const DigestContextPtr context(::EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  if (context == nullptr ||
      ::EVP_DigestSignInit_ex(context.get(), &key_context, scheme.digest,
                              nullptr, nullptr, key, nullptr) != 1) {
    return OpenSslError("preparing a signature");
  }
  if (scheme.kind == KeyKind::kRsa && !ChoosePss(key_context)) {
    return OpenSslError("preparing a signature");
  }
  size_t size = signature.size();
  if (::EVP_DigestSign(context.get(), signature.data(), &size, content.data(),
                       content.size()) != 1) {
    return OpenSslError("signing");
  }
  return size;
}

}  // namespace

absl::Status CheckCertificateVerifyContent(absl::Span<const uint8_t> content) {
  const bool right_size = content.size() == kPrefix + kSha256Size ||
                          content.size() == kPrefix + kSha384Size;
  if (right_size &&
      std::all_of(content.begin(), content.begin() + kPadding,
                  [](uint8_t byte) { return byte == kPad; }) &&
      std::equal(kContext.begin(), kContext.end(),
                 content.begin() + kPadding) &&
      content[kPrefix - 1] == 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("content is no CertificateVerify");
}

bool SchemeBelongsTo(KeyKind kind, uint16_t scheme) {
  return Find(kind, scheme) != nullptr;
}

absl::StatusOr<size_t> SignCertificateVerify(const TlsIdentity& identity,
                                             uint16_t scheme,
                                             absl::Span<const uint8_t> content,
                                             absl::Span<uint8_t> signature) {
  if (absl::Status status = CheckCertificateVerifyContent(content);
      !status.ok()) {
    return status;
  }
  const Scheme* known = Find(identity.kind(), scheme);
  if (known == nullptr) {
    return absl::PermissionDeniedError("scheme of another kind of key");
  }
  return Sign(identity.key(), *known, content, signature);
}

}  // namespace holt::supervisor
