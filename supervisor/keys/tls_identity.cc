#include "supervisor/keys/tls_identity.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include <ctime>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/secret/secret_input.h"
#include "supervisor/keys/pem.h"

namespace holt::supervisor {
namespace {

constexpr size_t kMaxPemFile = 64 << 10;
constexpr int kMinRsaBits = 2048;
// A signature of it fills the frame (kMaxSignature).
constexpr int kMaxRsaBits = 4096;
constexpr absl::Duration kWarnBefore = absl::Hours(24 * 14);

absl::StatusOr<KeyKind> RsaKind(const EVP_PKEY* key, const std::string& file) {
  const int bits = ::EVP_PKEY_get_bits(key);
  if (bits >= kMinRsaBits && bits <= kMaxRsaBits) return KeyKind::kRsa;
  return absl::InvalidArgumentError(
      absl::StrCat("the RSA key in ", file, " has ", bits,
                   " bits: use 2048 to 4096, or better ECDSA P-256"));
}

absl::StatusOr<KeyKind> EcKind(const EVP_PKEY* key, const std::string& file) {
  char group[64] = {};
  ::EVP_PKEY_get_group_name(key, group, sizeof(group), nullptr);
  switch (::OBJ_txt2nid(group)) {
    case NID_X9_62_prime256v1:
      return KeyKind::kEcdsaP256;
    case NID_secp384r1:
      return KeyKind::kEcdsaP384;
    default:
      return absl::InvalidArgumentError(absl::StrCat(
          "the EC key in ", file, " is on another curve: use P-256 or P-384"));
  }
}

absl::StatusOr<KeyKind> KindOf(const EVP_PKEY* key, const std::string& file) {
  if (::EVP_PKEY_is_a(key, "RSA") == 1) return RsaKind(key, file);
  if (::EVP_PKEY_is_a(key, "EC") == 1) return EcKind(key, file);
  if (::EVP_PKEY_is_a(key, "ED25519") == 1) return KeyKind::kEd25519;
  return absl::InvalidArgumentError(
      absl::StrCat("the key in ", file,
                   " is of another kind: use ECDSA P-256 or P-384, RSA or "
                   "Ed25519"));
}

absl::Time TimeOf(const ASN1_TIME* time) {
  std::tm parts{};
  if (::ASN1_TIME_to_tm(time, &parts) != 1) return absl::InfinitePast();
  return absl::FromTM(parts, absl::UTCTimeZone());
}

std::string DayOf(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone());
}

// Two kinds that one TLS server cannot have beside one another: OpenSSL keeps
// one certificate for all of ECDSA.
bool AreAlike(KeyKind one, KeyKind other) {
  const auto is_ecdsa = [](KeyKind kind) {
    return kind == KeyKind::kEcdsaP256 || kind == KeyKind::kEcdsaP384;
  };
  return one == other || (is_ecdsa(one) && is_ecdsa(other));
}

}  // namespace

absl::StatusOr<TlsIdentity> TlsIdentity::Load(SecretArena& arena,
                                              const IdentityFiles& files) {
  TlsIdentity identity;
  identity.certificate_file_ = files.certificate_file;
  ASSIGN_OR_RETURN(const SecretBytes chain,
                   ReadSecretFile(arena, files.certificate_file, kMaxPemFile,
                                  FileAudience::kAnyone));
  ASSIGN_OR_RETURN(const auto certificates,
                   ParseCertificates(chain, files.certificate_file));
  ASSIGN_OR_RETURN(const SecretBytes pem,
                   ReadSecretFile(arena, files.key_file, kMaxPemFile,
                                  FileAudience::kOwnerOnly));
  ASSIGN_OR_RETURN(identity.key_, ParsePrivateKey(pem, files.key_file));
  ASSIGN_OR_RETURN(identity.kind_, KindOf(identity.key_.get(), files.key_file));
  const X509* leaf = certificates.front().get();
  if (::X509_check_private_key(leaf, identity.key_.get()) != 1) {
    ::ERR_clear_error();
    return absl::InvalidArgumentError(absl::StrCat(
        "the key in ", files.key_file,
        " does not belong to the first certificate in ", files.certificate_file,
        ": name the pair that was issued together, the server's own "
        "certificate first"));
  }
  ASSIGN_OR_RETURN(identity.chain_pem_, WriteCertificates(certificates));
  identity.not_before_ = TimeOf(::X509_get0_notBefore(leaf));
  identity.not_after_ = TimeOf(::X509_get0_notAfter(leaf));
  return identity;
}

std::string TlsIdentity::Warning(absl::Time now) const {
  if (now < not_before_) {
    return absl::StrCat("the certificate in ", certificate_file_,
                        " is not valid before ", DayOf(not_before_));
  }
  if (now >= not_after_) {
    return absl::StrCat("the certificate in ", certificate_file_,
                        " has expired on ", DayOf(not_after_),
                        ": replace the file and send SIGHUP");
  }
  if (now >= not_after_ - kWarnBefore) {
    return absl::StrCat("the certificate in ", certificate_file_,
                        " expires on ", DayOf(not_after_));
  }
  return "";
}

absl::StatusOr<std::shared_ptr<const TlsIdentities>> TlsIdentities::Load(
    SecretArena& arena, absl::Span<const IdentityFiles> files) {
  if (files.size() > kMaxIdentities) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are ", files.size(), " tls_identities: at most ",
                     kMaxIdentities, " are served, one per kind of key"));
  }
  std::shared_ptr<TlsIdentities> identities(new TlsIdentities());
  for (const IdentityFiles& pair : files) {
    ASSIGN_OR_RETURN(TlsIdentity identity, TlsIdentity::Load(arena, pair));
    for (const TlsIdentity& other : identities->identities_) {
      if (!AreAlike(other.kind(), identity.kind())) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("the key in ", pair.key_file,
                       " is of the same kind as another tls_identity's: a "
                       "client could never choose between them"));
    }
    identities->identities_.push_back(std::move(identity));
  }
  return identities;
}

}  // namespace holt::supervisor
