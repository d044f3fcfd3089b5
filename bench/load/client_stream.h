// One connected byte stream to the server under load, plain or TLS, never
// waiting. Runs in the load generator, on its loop.
#ifndef HOLT_BENCH_LOAD_CLIENT_STREAM_H_
#define HOLT_BENCH_LOAD_CLIENT_STREAM_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bench/load/tls_client.h"
#include "common/base/unique_fd.h"

namespace holt::bench {

class ClientStream {
 public:
  // How a step ended: done, waiting until the socket can be read or written, or
  // never again.
  enum class Step { kDone, kWantRead, kWantWrite, kClosed };

  // Takes a socket whose connect was begun. `tls` may be null: plain.
  ClientStream(UniqueFd socket, TlsClient* tls);
  ~ClientStream();
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;

  [[nodiscard]] int fd() const { return socket_.get(); }
  // To be called again, whenever the socket is ready, until it is kDone.
  Step Connect();
  // kDone: all of `bytes` is out. Otherwise call again with the same bytes.
  Step Write(absl::string_view& bytes);
  // kDone: `size` bytes were read, at least one.
  Step Read(absl::Span<char> to, size_t& size);

  [[nodiscard]] bool is_tls() const { return ssl_ != nullptr; }
  [[nodiscard]] bool is_resumed() const;
  // "TLSv1.3 CIPHER GROUP", once connected.
  [[nodiscard]] std::string Describe() const;

 private:
  Step StepOf(int result);
  Step PlainStep(ssize_t result);

  UniqueFd socket_;
  SslPtr ssl_;
  bool tls_failed_ = false;
  bool is_connected_ = false;
};

}  // namespace holt::bench

#endif  // HOLT_BENCH_LOAD_CLIENT_STREAM_H_
