// One end of a SOCK_SEQPACKET pair that carries frames, each with at most one
// descriptor. Never blocks. Any process.
#ifndef HOLT_COMMON_IPC_FRAME_CHANNEL_H_
#define HOLT_COMMON_IPC_FRAME_CHANNEL_H_

#include <array>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/base/unique_fd.h"
#include "common/ipc/frames.h"

namespace holt {

// A received frame. The bytes are wiped on destruction; a descriptor that is
// not taken is closed.
class ReceivedFrame {
 public:
  ReceivedFrame() = default;
  ~ReceivedFrame();
  ReceivedFrame(const ReceivedFrame&) = delete;
  ReceivedFrame& operator=(const ReceivedFrame&) = delete;

  [[nodiscard]] absl::Span<const uint8_t> bytes() const {
    return absl::MakeConstSpan(buffer_).first(size_);
  }
  // The descriptor that came along (close-on-exec), or an invalid one.
  UniqueFd TakeFd() { return std::move(fd_); }
  [[nodiscard]] bool has_fd() const { return fd_.valid(); }

 private:
  friend class FrameChannel;
  std::array<uint8_t, kMaxFrameSize> buffer_;
  size_t size_ = 0;
  UniqueFd fd_;
};

class FrameChannel {
 public:
  FrameChannel() = default;
  // Takes a connected SOCK_SEQPACKET socket; makes it non-blocking.
  explicit FrameChannel(UniqueFd socket);

  // Both ends of a new pair, close-on-exec, non-blocking.
  static absl::StatusOr<std::pair<UniqueFd, UniqueFd>> MakePair();

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] bool valid() const { return socket_.valid(); }

  // Sends one frame, with a duplicate of `fd_to_send` when it is not -1.
  // Unavailable when the peer is gone; ResourceExhausted when the peer does not
  // read (the frame was not sent). The caller decides what that means for the
  // peer.
  absl::Status Send(absl::Span<const uint8_t> frame, int fd_to_send = -1);

  // Encode and Send in one.
  template <typename Message>
  absl::Status SendMessage(uint64_t id, const Message& message,
                           int fd_to_send = -1) {
    EncodedFrame frame;
    return Send(frame.Encode(id, message), fd_to_send);
  }

  // Receives one frame. NotFound: nothing there now. Unavailable: the peer is
  // gone. InvalidArgument: oversized, or more than one descriptor (those are
  // closed); the peer broke the protocol.
  absl::Status Receive(ReceivedFrame& frame);

  void Close() { socket_.reset(); }

 private:
  UniqueFd socket_;
};

}  // namespace holt

#endif  // HOLT_COMMON_IPC_FRAME_CHANNEL_H_
