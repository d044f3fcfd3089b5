// The client's side of one TLS connection, to an upstream: knows the public key
// it must meet, if one is pinned. Worker.
#ifndef HOLT_WORKER_TLS_CLIENT_TRANSPORT_H_
#define HOLT_WORKER_TLS_CLIENT_TRANSPORT_H_

#include <array>
#include <cstdint>
#include <optional>

#include "worker/tls/tls_transport.h"

namespace holt::worker {

// SHA-256 of a DER SubjectPublicKeyInfo (RFC 7469 section 2.4).
using SpkiPin = std::array<uint8_t, 32>;

class TlsClientTransport final : public TlsTransport {
 public:
  TlsClientTransport(UniqueFd socket, SslPtr ssl, std::optional<SpkiPin> pin);

  // For the context's certificate callback: the verdict on what the upstream
  // showed, before the handshake goes on. 1 accepts.
  static int Verify(X509_STORE_CTX* chain, void* argument);

 private:
  [[nodiscard]] bool IsPinned(const X509& leaf) const;
  std::optional<SpkiPin> pin_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_TLS_CLIENT_TRANSPORT_H_
