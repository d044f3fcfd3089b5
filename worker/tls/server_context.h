// TLS towards clients: TLS 1.3 only, certificates of the configured identities,
// private keys that are not here (remote_key_provider.h asks the supervisor for
// each signature), session tickets under keys that all workers share. Worker;
// clients are hostile.
//
// What is set, and why: docs/specs security 3.4, 3.5 and 4.4.
#ifndef HOLT_WORKER_TLS_SERVER_CONTEXT_H_
#define HOLT_WORKER_TLS_SERVER_CONTEXT_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/unique_fd.h"
#include "common/ipc/frames.h"
#include "common/ipc/settings.h"
#include "worker/net/supervisor_client.h"
#include "worker/net/transport.h"
#include "worker/tls/openssl.h"
#include "worker/tls/remote_key_provider.h"
#include "worker/tls/ticket_keys.h"

namespace holt::worker {

// Counted over the life of a context, for the worker's page of counters.
struct TlsServerStatistics {
  uint64_t completed = 0;
  uint64_t resumed = 0;  // of the completed
  uint64_t failed = 0;
};

class TlsServerContext {
 public:
  // `chains` is the content of kWorkerCertificatesFd, in the order of
  // settings.identities. InvalidArgument when a chain does not parse, does not
  // fit its identity, or two identities are of one kind of key. `supervisor`
  // outlives the context.
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
  TlsServerContext() = default;
  absl::Status AddIdentity(uint16_t index, KeyKind kind,
                           absl::string_view chain);
  absl::Status Configure();

  std::unique_ptr<RemoteKeyProvider> keys_;
  SslCtxPtr context_;
  TicketKeys ticket_keys_;
  TlsServerStatistics statistics_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_TLS_SERVER_CONTEXT_H_
