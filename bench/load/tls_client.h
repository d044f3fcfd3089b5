// TLS 1.3 towards the server under load: one context for all connections, and
// the session tickets that wait to be used, once each. Runs in the load
// generator.
#ifndef HOLT_BENCH_LOAD_TLS_CLIENT_H_
#define HOLT_BENCH_LOAD_TLS_CLIENT_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace holt::bench {

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;

class TlsClient {
 public:
  // Believes the authorities in the PEM file `ca_file`, or the system's when it
  // is empty. `host`, a name or an address, must be in the certificate.
  static absl::StatusOr<std::unique_ptr<TlsClient>> Create(
      const std::string& ca_file, absl::string_view host, bool resume);
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // The client end of a handshake over the connected `socket`, which outlives
  // it. Null when memory is exhausted.
  [[nodiscard]] SslPtr NewConnection(int socket);

 private:
  TlsClient(std::unique_ptr<SSL_CTX, SslFree> context, absl::string_view host)
      : context_(std::move(context)), host_(host) {}
  static int KeepSession(SSL* ssl, SSL_SESSION* session);

  std::unique_ptr<SSL_CTX, SslFree> context_;
  const std::string host_;
  std::vector<std::unique_ptr<SSL_SESSION, SslFree>> sessions_;
};

}  // namespace holt::bench

#endif  // HOLT_BENCH_LOAD_TLS_CLIENT_H_
