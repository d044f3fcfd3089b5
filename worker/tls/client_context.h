// TLS towards upstreams: TLS 1.2 or later, the name checked against the
// configured authorities, or the one public key that is pinned. Worker; an
// upstream is hostile until its handshake is complete, and after.
#ifndef HOLT_WORKER_TLS_CLIENT_CONTEXT_H_
#define HOLT_WORKER_TLS_CLIENT_CONTEXT_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/unique_fd.h"
#include "common/ipc/settings.h"
#include "worker/net/transport.h"
#include "worker/tls/openssl.h"

namespace holt::worker {

class TlsClientContext {
 public:
  // `authorities`: PEM certificates, the content of kWorkerAuthoritiesFd; may
  // be empty when every upstream is pinned. InvalidArgument when they do not
  // parse.
  static absl::StatusOr<std::unique_ptr<TlsClientContext>> Create(
      absl::string_view authorities);

  // A connection to `upstream`, whose handshake fails unless the certificate is
  // the one expected: for its host name or address from an authority, or, with
  // spki_pin, of that key (names, dates and issuers then say nothing more).
  // InvalidArgument when the pin is no SHA-256 in base64.
  absl::StatusOr<std::unique_ptr<Transport>> MakeTransport(
      UniqueFd socket, const UpstreamSettings& upstream);

 private:
  explicit TlsClientContext(SslContextPtr context)
      : context_(std::move(context)) {}
  SslContextPtr context_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_TLS_CLIENT_CONTEXT_H_
