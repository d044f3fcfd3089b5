#include "worker/net/transport.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace holt::worker {
namespace {

// 16 blocks, 256 KiB: more than a socket takes in one go.
constexpr size_t kMaxVectors = 16;

bool WouldBlock(int error_number) {
  return error_number == EAGAIN || error_number == EWOULDBLOCK;
}

}  // namespace

IoResult PlainTransport::Read(absl::Span<uint8_t> to) {
  ssize_t size = -1;
  do {
    size = ::recv(socket_.get(), to.data(), to.size(), 0);
  } while (size < 0 && errno == EINTR);
  if (size < 0) {
    return {WouldBlock(errno) ? IoAction::kWantRead : IoAction::kFailed};
  }
  if (size == 0) return {IoAction::kEndOfStream};
  const auto bytes = static_cast<size_t>(size);
  return {IoAction::kDone, bytes, bytes == to.size()};
}

// sendmsg, not writev: a peer that left must not raise SIGPIPE.
IoResult PlainTransport::Write(ChunkBuffer& output) {
  size_t written = 0;
  while (!output.empty()) {
    std::array<iovec, kMaxVectors> vectors;
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = output.Gather(vectors.data(), vectors.size());
    size_t asked = 0;
    for (size_t i = 0; i < message.msg_iovlen; ++i) asked += vectors[i].iov_len;
    const ssize_t size = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (size < 0) {
      if (errno == EINTR) continue;
      return {WouldBlock(errno) ? IoAction::kWantWrite : IoAction::kFailed,
              written};
    }
    output.Consume(static_cast<size_t>(size));
    written += static_cast<size_t>(size);
    // Less than asked: the socket is full, asking again would only say so.
    if (static_cast<size_t>(size) < asked) {
      return {IoAction::kWantWrite, written};
    }
  }
  return {IoAction::kDone, written};
}

IoResult PlainTransport::ShutdownWrite() {
  const bool done = ::shutdown(socket_.get(), SHUT_WR) == 0;
  return {done ? IoAction::kDone : IoAction::kFailed};
}

void PlainTransport::Reset() { CloseWithReset(std::move(socket_)); }

void CloseWithReset(UniqueFd socket) {
  const linger at_once{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

}  // namespace holt::worker
