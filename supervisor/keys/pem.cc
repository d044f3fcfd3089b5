#include "supervisor/keys/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/secret/secret_access.h"

namespace holt::supervisor {
namespace {

// OpenSSL would ask at the terminal.
int RefusePassphrase(char* /*buffer*/, int /*size*/, int /*writing*/,
                     void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

absl::StatusOr<BioPtr> Open(const SecretBytes& pem) {
  const absl::Span<const uint8_t> bytes = pem.Reveal(SecretAccess());
  // Reads in place; bounded by the files' maximum size.
  BioPtr bio(::BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  if (bio == nullptr) return OpenSslError("reading PEM");
  return bio;
}

// True when reading ended because there is no further block.
bool AtEnd() {
  const unsigned long error = ::ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM &&
         ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

}  // namespace

absl::StatusOr<EvpKeyPtr> ParsePrivateKey(const SecretBytes& pem,
                                          const std::string& file) {
  ASSIGN_OR_RETURN(const BioPtr bio, Open(pem));
  ::ERR_clear_error();
  bool asked = false;
  EvpKeyPtr key(
      ::PEM_read_bio_PrivateKey(bio.get(), nullptr, &RefusePassphrase, &asked));
  ::ERR_clear_error();
  if (key != nullptr) return key;
  if (asked) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the key in ", file,
        " is encrypted with a passphrase: take it off with openssl pkey -in ",
        file, " -out NEW_FILE, and keep that file at mode 600"));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      file,
      " holds no private key that can be read: write one PEM block "
      "\"PRIVATE KEY\" into it"));
}

absl::StatusOr<std::vector<CertificatePtr>> ParseCertificates(
    const SecretBytes& pem, const std::string& file) {
  ASSIGN_OR_RETURN(const BioPtr bio, Open(pem));
  std::vector<CertificatePtr> certificates;
  ::ERR_clear_error();
  while (X509* certificate =
             ::PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(certificate);
  }
  const bool complete = AtEnd();
  ::ERR_clear_error();
  if (!complete) {
    return absl::InvalidArgumentError(
        absl::StrCat("certificate ", certificates.size() + 1, " in ", file,
                     " is damaged: copy the chain again"));
  }
  if (certificates.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        file,
        " holds no certificate: write the chain into it as PEM, the "
        "server's own first"));
  }
  return certificates;
}

absl::StatusOr<std::string> WriteCertificates(
    const std::vector<CertificatePtr>& certificates) {
  const BioPtr bio(::BIO_new(::BIO_s_mem()));
  if (bio == nullptr) return OpenSslError("writing PEM");
  for (const CertificatePtr& certificate : certificates) {
    if (::PEM_write_bio_X509(bio.get(), certificate.get()) != 1) {
      return OpenSslError("writing PEM");
    }
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

}  // namespace holt::supervisor
