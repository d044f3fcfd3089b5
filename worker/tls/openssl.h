// Ownership of OpenSSL's objects, and its error queue as a Status. Worker.
// Nothing here uses an API that OpenSSL 3 deprecates: every target of this
// folder is compiled with OPENSSL_NO_DEPRECATED.
#ifndef HOLT_WORKER_TLS_OPENSSL_H_
#define HOLT_WORKER_TLS_OPENSSL_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace holt::worker {

template <auto Free>
struct OpenSslDeleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using BioPtr = std::unique_ptr<BIO, OpenSslDeleter<BIO_free>>;
using CipherPtr = std::unique_ptr<EVP_CIPHER, OpenSslDeleter<EVP_CIPHER_free>>;
using KeyContextPtr =
    std::unique_ptr<EVP_PKEY_CTX, OpenSslDeleter<EVP_PKEY_CTX_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpenSslDeleter<EVP_PKEY_free>>;
using LibraryPtr =
    std::unique_ptr<OSSL_LIB_CTX, OpenSslDeleter<OSSL_LIB_CTX_free>>;
using ProviderPtr =
    std::unique_ptr<OSSL_PROVIDER, OpenSslDeleter<OSSL_PROVIDER_unload>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, OpenSslDeleter<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, OpenSslDeleter<SSL_free>>;
using X509Ptr = std::unique_ptr<X509, OpenSslDeleter<X509_free>>;

struct X509StackDeleter {
  void operator()(STACK_OF(X509) * stack) const;
};
using X509StackPtr = std::unique_ptr<STACK_OF(X509), X509StackDeleter>;

// Before any other call: no configuration file of the system, which the sandbox
// would refuse and which could load code.
void InitOpenSsl();

// Empties the error queue. The message is "<what>" and the codes that were in
// the queue; never the data that OpenSSL attached, which may quote a peer.
absl::Status OpenSslError(absl::string_view what);

// The certificates in `pem`, in their order, made within `library` (null: the
// default). InvalidArgument when one does not parse or there is none.
absl::StatusOr<X509StackPtr> ParseCertificates(OSSL_LIB_CTX* library,
                                               absl::string_view pem);

}  // namespace holt::worker

#endif  // HOLT_WORKER_TLS_OPENSSL_H_
