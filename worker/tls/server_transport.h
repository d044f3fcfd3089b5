// The server's side of one TLS connection: a TlsTransport whose handshake asks
// the supervisor for its signature. Worker; the client is hostile and may leave
// at any moment of it.
#ifndef HOLT_WORKER_TLS_SERVER_TRANSPORT_H_
#define HOLT_WORKER_TLS_SERVER_TRANSPORT_H_

#include <cstdint>
#include <functional>

#include "worker/tls/remote_key_provider.h"
#include "worker/tls/remote_signature.h"
#include "worker/tls/tls_transport.h"

namespace holt::worker {

// Counted over the life of a context, for the worker's page of counters.
struct TlsServerStatistics {
  uint64_t completed = 0;
  uint64_t resumed = 0;  // of the completed
  uint64_t failed = 0;
};

class TlsServerTransport final : public TlsTransport {
 public:
  // What it uses of its context, which outlives it.
  struct Services {
    RemoteKeyProvider& keys;
    SupervisorClient& supervisor;
    TlsServerStatistics& statistics;
  };
  TlsServerTransport(UniqueFd socket, SslPtr ssl, const Services& services);
  ~TlsServerTransport() override;

  void SetResume(std::function<void()> resume) override {
    signature_.SetResume(std::move(resume));
  }
  IoResult Handshake() override;

 private:
  // Enters OpenSSL, with the way to the supervisor open.
  IoResult Step();
  void Count(IoAction action);

  Services services_;
  RemoteSignature signature_;
  bool started_ = false;
  bool job_paused_ = false;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_TLS_SERVER_TRANSPORT_H_
