// Owners of OpenSSL's objects and the one way its errors become a Status.
// Supervisor only.
#ifndef HOLT_SUPERVISOR_KEYS_OPENSSL_H_
#define HOLT_SUPERVISOR_KEYS_OPENSSL_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace holt::supervisor {

template <auto kFree>
struct OpenSslDeleter {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using BioPtr = std::unique_ptr<BIO, OpenSslDeleter<&BIO_free>>;
using EvpKeyPtr = std::unique_ptr<EVP_PKEY, OpenSslDeleter<&EVP_PKEY_free>>;
using DigestContextPtr =
    std::unique_ptr<EVP_MD_CTX, OpenSslDeleter<&EVP_MD_CTX_free>>;
using CertificatePtr = std::unique_ptr<X509, OpenSslDeleter<&X509_free>>;

// Internal error "<what>: <OpenSSL's reason>"; empties the error queue.
absl::Status OpenSslError(absl::string_view what);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_KEYS_OPENSSL_H_
