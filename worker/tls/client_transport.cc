#include "worker/tls/client_transport.h"

#include <openssl/crypto.h>
#include <openssl/x509_vfy.h>

#include <utility>

namespace holt::worker {

TlsClientTransport::TlsClientTransport(UniqueFd socket, SslPtr ssl_to_own,
                                       std::optional<SpkiPin> pin)
    : TlsTransport(std::move(socket), std::move(ssl_to_own)), pin_(pin) {
  SSL_set_connect_state(&ssl());
  SSL_set_app_data(&ssl(), this);
}

int TlsClientTransport::Verify(X509_STORE_CTX* chain, void* /*argument*/) {
  auto* ssl = static_cast<SSL*>(
      X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* self =
      static_cast<const TlsClientTransport*>(SSL_get_app_data(ssl));
  if (!self->pin_.has_value()) return X509_verify_cert(chain) == 1 ? 1 : 0;
  const X509* leaf = X509_STORE_CTX_get0_cert(chain);
  if (leaf != nullptr && self->IsPinned(*leaf)) {
    X509_STORE_CTX_set_error(chain, X509_V_OK);
    return 1;
  }
  X509_STORE_CTX_set_error(chain, X509_V_ERR_CERT_REJECTED);
  return 0;
}

bool TlsClientTransport::IsPinned(const X509& leaf) const {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(&leaf), &der);
  if (size <= 0) return false;
  SpkiPin shown{};
  const bool hashed =
      EVP_Q_digest(nullptr, "SHA256", nullptr, der, static_cast<size_t>(size),
                   shown.data(), nullptr) == 1;
  OPENSSL_free(der);
  return hashed && CRYPTO_memcmp(shown.data(), pin_->data(), shown.size()) == 0;
}

}  // namespace holt::worker
