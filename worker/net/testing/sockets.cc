#include "worker/net/testing/sockets.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "common/base/check.h"

namespace holt::worker {
namespace {

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// Non-blocking, and small writes leave at once (else tests wait for delayed
// acknowledgements).
void Tune(const UniqueFd& socket) {
  HOLT_CHECK(fcntl(socket.get(), F_SETFL, O_NONBLOCK) == 0);
  const int on = 1;
  HOLT_CHECK(
      setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0);
}

// Keeps a waiting loop from waiting for ever.
constexpr absl::Duration kTick = absl::Milliseconds(1);
constexpr int kMaxTurns = 60'000;

}  // namespace

Listener Listen() {
  Listener listener;
  listener.socket.reset(
      socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  HOLT_CHECK(bind(listener.socket.get(), generic, size) == 0);
  HOLT_CHECK(listen(listener.socket.get(), 128) == 0);
  HOLT_CHECK(getsockname(listener.socket.get(), generic, &size) == 0);
  listener.port = ntohs(address.sin_port);
  return listener;
}

UniqueFd ConnectTo(uint16_t port) {
  UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  HOLT_CHECK(connect(client.get(), reinterpret_cast<const sockaddr*>(&address),
                     sizeof(address)) == 0);
  Tune(client);
  return client;
}

SocketPair ConnectedPair() {
  const Listener listener = Listen();
  SocketPair pair;
  pair.theirs = ConnectTo(listener.port);
  pair.ours.reset(accept4(listener.socket.get(), nullptr, nullptr,
                          SOCK_NONBLOCK | SOCK_CLOEXEC));
  HOLT_CHECK(pair.ours.valid());
  Tune(pair.ours);
  return pair;
}

uint16_t DeadPort() {
  const UniqueFd bound(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  HOLT_CHECK(bind(bound.get(), generic, size) == 0);
  HOLT_CHECK(getsockname(bound.get(), generic, &size) == 0);
  return ntohs(address.sin_port);
}

std::string ReadAvailable(int fd) {
  std::string text;
  char buffer[16384];
  while (true) {
    const ssize_t size = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (size <= 0) return text;
    text.append(buffer, static_cast<size_t>(size));
  }
}

size_t WriteAvailable(int fd, absl::string_view text) {
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t size = send(fd, text.data() + written, text.size() - written,
                              MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size <= 0) break;
    written += static_cast<size_t>(size);
  }
  return written;
}

void TurnUntil(Loop& loop, const std::function<bool()>& done) {
  Timer* ticking = nullptr;
  Timer tick(loop, [&ticking] { ticking->Start(kTick); });
  ticking = &tick;
  tick.Start(kTick);
  for (int turn = 0; turn < kMaxTurns; ++turn) {
    if (done()) return;
    loop.TurnOnce(/*block=*/true);
  }
  ADD_FAILURE() << "it did not happen";
}

void TurnUntilQuiet(Loop& loop) {
  for (int turn = 0; turn < 50; ++turn) loop.TurnOnce(/*block=*/false);
}

}  // namespace holt::worker
