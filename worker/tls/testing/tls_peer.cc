#include "worker/tls/testing/tls_peer.h"

#include <openssl/err.h>

#include <csignal>
#include <utility>

#include "common/base/check.h"

namespace holt::worker {

SslContextPtr MakeClientContext(const TestIdentity& trusted) {
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()),
                      trusted.certificate.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT);
  return context;
}

SslContextPtr MakeServerContext(const TestIdentity& identity) {
  SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  HOLT_CHECK(
      SSL_CTX_use_certificate(context.get(), identity.certificate.get()) == 1);
  HOLT_CHECK(SSL_CTX_use_PrivateKey(context.get(), identity.key.get()) == 1);
  return context;
}

TlsPeer::TlsPeer(SSL_CTX& context, Side side, UniqueFd socket)
    : socket_(std::move(socket)), ssl_(SSL_new(&context)) {
  // OpenSSL's own socket BIO writes without MSG_NOSIGNAL.
  std::signal(SIGPIPE, SIG_IGN);
  HOLT_CHECK(SSL_set_fd(ssl_.get(), socket_.get()) == 1);
  if (side == Side::kClient) {
    SSL_set_connect_state(ssl_.get());
  } else {
    SSL_set_accept_state(ssl_.get());
  }
}

bool TlsPeer::Check(int returned) {
  if (returned == 1) return true;
  const int error = SSL_get_error(ssl_.get(), returned);
  failed_ = failed_ || error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL;
  ERR_clear_error();
  return false;
}

bool TlsPeer::Handshake() {
  if (failed_) return false;
  ERR_clear_error();
  return Check(SSL_do_handshake(ssl_.get()));
}

bool TlsPeer::Read() {
  char buffer[16384];
  size_t size = 0;
  ERR_clear_error();
  while (!failed_ &&
         Check(SSL_read_ex(ssl_.get(), buffer, sizeof(buffer), &size))) {
    text_.append(buffer, size);
  }
  return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

size_t TlsPeer::Write(absl::string_view text) {
  SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                               SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  size_t written = 0;
  while (!text.empty()) {
    size_t size = 0;
    if (!Check(SSL_write_ex(ssl_.get(), text.data(), text.size(), &size))) {
      break;
    }
    written += size;
    text.remove_prefix(size);
  }
  return written;
}

SessionPtr TlsPeer::TakeSession() {
  SSL_SESSION* session = SSL_get_session(ssl_.get());
  if (session == nullptr || SSL_SESSION_is_resumable(session) == 0) {
    return nullptr;
  }
  // A copy: OpenSSL gives up the original with a connection that is cut.
  return SessionPtr(SSL_SESSION_dup(session));
}

}  // namespace holt::worker
