#include "worker/tls/server_transport.h"

#include <utility>

namespace holt::worker {

TlsServerTransport::TlsServerTransport(UniqueFd socket, SslPtr ssl_to_own,
                                       const Services& services)
    : TlsTransport(std::move(socket), std::move(ssl_to_own)),
      services_(services),
      signature_(services.supervisor) {
  SSL_set_accept_state(&ssl());
  SSL_set_mode(&ssl(), SSL_MODE_ASYNC);
}

// A paused job has a stack of its own with live objects on it. It is run to its
// end, without signature and without socket, before the connection goes.
TlsServerTransport::~TlsServerTransport() {
  if (!job_paused_) return;
  signature_.SetResume(nullptr);
  signature_.Cancel();
  DisconnectBio();
  Step();
}

IoResult TlsServerTransport::Handshake() {
  // The client speaks first: before that there is nothing to look for.
  if (!std::exchange(started_, true)) return {IoAction::kWantRead};
  // A signature brings no input along.
  if (!job_paused_) ExpectInput();
  return Step();
}

IoResult TlsServerTransport::Step() {
  const RemoteKeyProvider::SigningScope scope(services_.keys, signature_);
  const IoResult result = ContinueHandshake();
  job_paused_ = result.action == IoAction::kWantSignature;
  Count(result.action);
  return result;
}

void TlsServerTransport::Count(IoAction action) {
  if (action == IoAction::kDone) {
    ++services_.statistics.completed;
    if (SSL_session_reused(&ssl()) == 1) ++services_.statistics.resumed;
    // Nothing after the handshake needs a job.
    SSL_clear_mode(&ssl(), SSL_MODE_ASYNC);
  } else if (action == IoAction::kFailed) {
    ++services_.statistics.failed;
  }
}

}  // namespace holt::worker
