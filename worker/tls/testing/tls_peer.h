// The other end of a TLS connection in a test: plain OpenSSL over a
// non-blocking socket, driven by hand, and independent of what is tested.
#ifndef HOLT_WORKER_TLS_TESTING_TLS_PEER_H_
#define HOLT_WORKER_TLS_TESTING_TLS_PEER_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "common/base/unique_fd.h"
#include "worker/tls/openssl.h"
#include "worker/tls/testing/test_identity.h"

namespace holt::worker {

using SessionPtr =
    std::unique_ptr<SSL_SESSION, OpenSslDeleter<SSL_SESSION_free>>;

// Contexts of the two sides. The client trusts only what it is given.
SslContextPtr MakeClientContext(const TestIdentity& trusted);
SslContextPtr MakeServerContext(const TestIdentity& identity);

class TlsPeer {
 public:
  enum class Side { kClient, kServer };
  TlsPeer(SSL_CTX& context, Side side, UniqueFd socket);

  [[nodiscard]] SSL* ssl() { return ssl_.get(); }

  // Goes on with the handshake as far as it gets; then true when it is done.
  bool Handshake();
  // The handshake, or a read, ended in an error.
  [[nodiscard]] bool failed() const { return failed_; }

  // Takes all there is to read now; then true when the other side has ended in
  // order.
  bool Read();
  [[nodiscard]] const std::string& text() const { return text_; }
  // How much of `text` could be written.
  size_t Write(absl::string_view text);

  // close_notify, without closing the socket.
  void Shutdown() { SSL_shutdown(ssl_.get()); }
  // The socket goes without a word of TLS.
  void Cut() { socket_.reset(); }

  // The session of the latest ticket, or null.
  SessionPtr TakeSession();
  void Resume(SSL_SESSION& session) { SSL_set_session(ssl_.get(), &session); }

 private:
  bool Check(int returned);
  UniqueFd socket_;
  SslPtr ssl_;
  bool failed_ = false;
  std::string text_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_TLS_TESTING_TLS_PEER_H_
