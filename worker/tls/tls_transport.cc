#include "worker/tls/tls_transport.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <utility>

namespace holt::worker {

void SetCommonOptions(SSL_CTX& context) {
  SSL_CTX_set_options(&context, SSL_OP_NO_RENEGOTIATION |
                                    SSL_OP_NO_COMPRESSION |
                                    SSL_OP_CLEANSE_PLAINTEXT);
  SSL_CTX_set_mode(&context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
  // Head and body of a record in one read.
  SSL_CTX_set_read_ahead(&context, 1);
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
}

TlsTransport::TlsTransport(UniqueFd socket, SslPtr ssl)
    : socket_(std::move(socket)), ssl_(std::move(ssl)) {
  bio_socket_.fd = socket_.get();
  BIO* bio = MakeSocketBio(bio_socket_).release();
  SSL_set_bio(ssl_.get(), bio, bio);
}

IoAction TlsTransport::ActionOf(int returned) {
  const int error = SSL_get_error(ssl_.get(), returned);
  ERR_clear_error();
  switch (error) {
    case SSL_ERROR_NONE:
      return IoAction::kDone;
    case SSL_ERROR_WANT_READ:
      return IoAction::kWantRead;
    case SSL_ERROR_WANT_WRITE:
      return IoAction::kWantWrite;
    case SSL_ERROR_WANT_ASYNC:
      return IoAction::kWantSignature;
    case SSL_ERROR_ZERO_RETURN:
      return IoAction::kEndOfStream;
    default:
      return IoAction::kFailed;
  }
}

bool TlsTransport::HoldsMore() const {
  return !bio_socket_.empty || SSL_has_pending(ssl_.get()) == 1;
}

IoResult TlsTransport::Handshake() {
  ExpectInput();
  return ContinueHandshake();
}

IoResult TlsTransport::ContinueHandshake() {
  ERR_clear_error();
  const int returned = SSL_do_handshake(ssl_.get());
  return {ActionOf(returned), 0, HoldsMore()};
}

IoResult TlsTransport::Read(absl::Span<uint8_t> to) {
  // A record that was read along with the one before needs no look at the
  // socket; a part of one does.
  if (SSL_has_pending(ssl_.get()) == 1) {
    const IoResult held = ReadRecord(to);
    if (held.action != IoAction::kWantRead) return held;
  }
  ExpectInput();
  return ReadRecord(to);
}

IoResult TlsTransport::ReadRecord(absl::Span<uint8_t> to) {
  ERR_clear_error();
  size_t bytes = 0;
  const int returned = SSL_read_ex(ssl_.get(), to.data(), to.size(), &bytes);
  if (returned == 1) return {IoAction::kDone, bytes, HoldsMore()};
  return {ActionOf(returned)};
}

IoResult TlsTransport::Write(ChunkBuffer& output) {
  size_t written = 0;
  while (!output.empty()) {
    ERR_clear_error();
    const absl::Span<const uint8_t> piece = output.Front();
    size_t bytes = 0;
    const int returned =
        SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &bytes);
    if (returned != 1) return {ActionOf(returned), written};
    output.Consume(bytes);
    written += bytes;
  }
  return {IoAction::kDone, written};
}

IoResult TlsTransport::ShutdownWrite() {
  ERR_clear_error();
  // 0: our close_notify is out, the peer's has not come. It need not.
  const int returned = SSL_shutdown(ssl_.get());
  if (returned < 0) return {ActionOf(returned)};
  const bool done = ::shutdown(socket_.get(), SHUT_WR) == 0;
  return {done ? IoAction::kDone : IoAction::kFailed};
}

void TlsTransport::Reset() {
  DisconnectBio();
  CloseWithReset(std::move(socket_));
}

}  // namespace holt::worker
