#include "common/ipc/frame_channel.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace holt {
namespace {

// Room for more descriptors than are allowed, so that surplus ones are seen and
// closed instead of silently dropped.
constexpr size_t kControlFds = 4;

union ControlBuffer {
  cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int) * kControlFds)];
};

// Moves the first descriptor of `message` to `first`, closes all others;
// returns how many there were.
size_t TakeFds(msghdr& message, UniqueFd& first) {
  size_t count = 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const size_t here = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < here; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      UniqueFd fd(number);
      if (count++ == 0) first = std::move(fd);
    }
  }
  return count;
}

}  // namespace

ReceivedFrame::~ReceivedFrame() { ::explicit_bzero(buffer_.data(), size_); }

FrameChannel::FrameChannel(UniqueFd socket) : socket_(std::move(socket)) {
  const int flags = ::fcntl(socket_.get(), F_GETFL);
  if (flags >= 0 && (flags & O_NONBLOCK) == 0) {
    ::fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK);
  }
}

absl::StatusOr<std::pair<UniqueFd, UniqueFd>> FrameChannel::MakePair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                   fds) != 0) {
    return ErrnoToStatus(errno, "making a socket pair");
  }
  return std::make_pair(UniqueFd(fds[0]), UniqueFd(fds[1]));
}

absl::Status FrameChannel::Send(absl::Span<const uint8_t> frame,
                                int fd_to_send) {
  HOLT_CHECK(frame.size() <= kMaxFrameSize);
  iovec bytes{const_cast<uint8_t*>(frame.data()), frame.size()};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  ControlBuffer control{};
  if (fd_to_send >= 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &fd_to_send, sizeof(int));
  }
  while (true) {
    if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) {
      return absl::OkStatus();
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS) {
      return absl::ResourceExhaustedError("the peer does not read its frames");
    }
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) {
      return absl::UnavailableError("the peer is gone");
    }
    return ErrnoToStatus(errno, "sending a frame");
  }
}

absl::Status FrameChannel::Receive(ReceivedFrame& frame) {
  frame.size_ = 0;
  frame.fd_.reset();
  iovec bytes{frame.buffer_.data(), frame.buffer_.size()};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof(control.bytes);
  ssize_t size = -1;
  do {
    size = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) {
    if (errno == EAGAIN) return absl::NotFoundError("no frame is waiting");
    if (errno == ECONNRESET) return absl::UnavailableError("the peer is gone");
    return ErrnoToStatus(errno, "receiving a frame");
  }
  frame.size_ = static_cast<size_t>(size);
  const size_t fds = TakeFds(message, frame.fd_);
  if (size == 0) return absl::UnavailableError("the peer is gone");
  if (fds > 1 || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    frame.fd_.reset();
    return absl::InvalidArgumentError("oversized frame or several descriptors");
  }
  return absl::OkStatus();
}

}  // namespace holt
