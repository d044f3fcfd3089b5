// TLS towards clients: TLS 1.3 only, certificates of the configured identities,
// private keys that are not here (remote_key_provider.h asks the supervisor for
// each signature), session tickets under keys that all workers share. Worker;
// clients are hostile.
#ifndef HOLT_WORKER_TLS_SERVER_CONTEXT_H_
#define HOLT_WORKER_TLS_SERVER_CONTEXT_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/unique_fd.h"
#include "common/ipc/frames.h"
#include "common/ipc/settings.h"
#include "worker/net/supervisor_client.h"
#include "worker/net/transport.h"
#include "worker/tls/openssl.h"
#include "worker/tls/remote_key_provider.h"
#include "worker/tls/server_transport.h"
#include "worker/tls/ticket_keys.h"

namespace holt::worker {

class TlsServerContext {
 public:
  // `chains` is the content of kWorkerCertificatesFd: for each of
  // settings.identities, in their order, a PEM chain with its length before it
  // (four bytes, little-endian). InvalidArgument when a chain does not parse,
  // does not fit its identity, or two identities are of one kind (P-256 and
  // P-384 are one to OpenSSL). `supervisor` outlives the context.
  static absl::StatusOr<std::unique_ptr<TlsServerContext>> Create(
      const WorkerSettings& settings, absl::string_view chains,
      SupervisorClient& supervisor);

  // Keys that seal and open session tickets from now on. Without any, every
  // handshake is a full one and no ticket is sent.
  void SetTicketKeys(const TicketKeysReply& keys) { ticket_keys_.Set(keys); }

  // A connection that a client opened. The context outlives it.
  absl::StatusOr<std::unique_ptr<Transport>> MakeTransport(UniqueFd socket);

  [[nodiscard]] const TlsServerStatistics& statistics() const {
    return statistics_;
  }

 private:
  explicit TlsServerContext(SupervisorClient& supervisor)
      : supervisor_(supervisor) {}
  absl::Status Configure();
  absl::Status AddIdentity(uint16_t index, KeyKind kind,
                           absl::string_view chain);

  SupervisorClient& supervisor_;
  TlsServerStatistics statistics_;
  std::unique_ptr<RemoteKeyProvider> keys_;
  TicketKeys ticket_keys_;
  SslContextPtr context_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_TLS_SERVER_CONTEXT_H_
