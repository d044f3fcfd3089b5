// A socket under TLS: what the server's and the client's side have in common.
// Worker. The peer is hostile; OpenSSL bounds what it can make us do in one
// call (empty records, key updates).
#ifndef HOLT_WORKER_TLS_TLS_TRANSPORT_H_
#define HOLT_WORKER_TLS_TLS_TRANSPORT_H_

#include "absl/types/span.h"
#include "common/base/unique_fd.h"
#include "worker/net/transport.h"
#include "worker/tls/openssl.h"
#include "worker/tls/socket_bio.h"

namespace holt::worker {

// Options and modes that both sides' contexts want: no renegotiation, no
// compression, plaintext wiped from OpenSSL's own buffers and those buffers
// given back while a connection is idle, as few reads as possible.
void SetCommonOptions(SSL_CTX& context);

class TlsTransport : public Transport {
 public:
  // `ssl` is new, with its side (accept or connect) set.
  TlsTransport(UniqueFd socket, SslPtr ssl);
  ~TlsTransport() override = default;
  TlsTransport(const TlsTransport&) = delete;
  TlsTransport& operator=(const TlsTransport&) = delete;

  [[nodiscard]] int fd() const override { return socket_.get(); }
  [[nodiscard]] bool encrypted() const override { return true; }
  void SetResume(std::function<void()> /*resume*/) override {}
  IoResult Handshake() override;
  IoResult Read(absl::Span<uint8_t> to) override;
  IoResult Write(ChunkBuffer& output) override;
  IoResult ShutdownWrite() override;
  void Reset() override;

 protected:
  [[nodiscard]] SSL& ssl() { return *ssl_; }
  // There may be something to read again; reads that follow look.
  void ExpectInput() { bio_socket_.empty = false; }
  // Every use of the socket after this fails.
  void DisconnectBio() { bio_socket_ = BioSocket(); }
  // One step of the handshake, without looking for input that was not expected.
  IoResult ContinueHandshake();

 private:
  IoResult ReadRecord(absl::Span<uint8_t> to);
  // What SSL_get_error makes of `returned`. Drains the error queue.
  IoAction ActionOf(int returned);
  [[nodiscard]] bool HoldsMore() const;

  UniqueFd socket_;
  BioSocket bio_socket_;
  SslPtr ssl_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_TLS_TLS_TRANSPORT_H_
