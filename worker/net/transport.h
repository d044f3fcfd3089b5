// The bytes of one connected socket, plain or under TLS, without waiting: what
// Connection drives from the loop. Worker. The other end is hostile.
#ifndef HOLT_WORKER_NET_TRANSPORT_H_
#define HOLT_WORKER_NET_TRANSPORT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "absl/types/span.h"
#include "common/base/unique_fd.h"
#include "worker/net/buffer.h"

namespace holt::worker {

// What came of a call, for all calls alike:
//
//   kDone           it did what it could: the handshake is complete; `bytes`
//                   were read; all of the output was written; the write side
//                   is closed
//   kWantRead       call again when the socket can be read
//   kWantWrite      call again when the socket can be written
//   kWantSignature  the handshake waits for the supervisor; call again when the
//                   function given to SetResume runs (Handshake only)
//   kEndOfStream    the peer closed its side in order (Read only)
//   kFailed         broken, refused or reset; only the destructor and Reset
//                   may be called now
//
// `bytes` is what moved, also with the kWant ones (a partial write). `more`
// tells that further bytes can be read at once; false when the socket was seen
// empty, so that no system call is wasted on asking again.
enum class IoAction {
  kDone,
  kWantRead,
  kWantWrite,
  kWantSignature,
  kEndOfStream,
  kFailed
};
struct IoResult {
  IoAction action = IoAction::kFailed;
  size_t bytes = 0;
  bool more = false;
};

// Owns its socket.
class Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual int fd() const = 0;
  [[nodiscard]] virtual bool encrypted() const = 0;
  // `resume` runs on the loop when Handshake, which said kWantSignature, should
  // be called again; it must not call into the transport itself.
  virtual void SetResume(std::function<void()> resume) = 0;
  virtual IoResult Handshake() = 0;
  virtual IoResult Read(absl::Span<uint8_t> to) = 0;
  // Writes and consumes as much of `output` as goes. One call of the system
  // for a plain socket; under TLS one per record of up to 16 KiB.
  virtual IoResult Write(ChunkBuffer& output) = 0;
  // Tells the peer that nothing more comes (close_notify under TLS) and closes
  // the write side. Reading goes on.
  virtual IoResult ShutdownWrite() = 0;
  // Closes with RST: the peer sees a failure, and what was not sent is dropped.
  virtual void Reset() = 0;
};

// A socket as it is.
class PlainTransport final : public Transport {
 public:
  // Takes a connected, non-blocking socket.
  explicit PlainTransport(UniqueFd socket) : socket_(std::move(socket)) {}

  [[nodiscard]] int fd() const override { return socket_.get(); }
  [[nodiscard]] bool encrypted() const override { return false; }
  void SetResume(std::function<void()> /*resume*/) override {}
  IoResult Handshake() override { return {IoAction::kDone}; }
  IoResult Read(absl::Span<uint8_t> to) override;
  IoResult Write(ChunkBuffer& output) override;
  IoResult ShutdownWrite() override;
  void Reset() override;

 private:
  UniqueFd socket_;
};

// Makes the close of `socket` a reset, and closes it.
void CloseWithReset(UniqueFd socket);

}  // namespace holt::worker

#endif  // HOLT_WORKER_NET_TRANSPORT_H_
