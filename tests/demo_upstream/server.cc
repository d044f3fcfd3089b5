#include "tests/demo_upstream/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "common/base/status_macros.h"

namespace holt::demo {
namespace {

constexpr int kBacklog = 4096;
constexpr size_t kMaxConnections = 8192;
constexpr int kAcceptsPerTurn = 64;

absl::StatusOr<uint16_t> BoundPort(int listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) !=
      0) {
    return ErrnoToStatus(errno, "getsockname");
  }
  return ntohs(address.sin_port);
}

absl::StatusOr<UniqueFd> ListenOnLoopback(uint16_t port) {
  UniqueFd listener(
      socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!listener.valid()) return ErrnoToStatus(errno, "socket");
  const int on = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener.get(), reinterpret_cast<sockaddr*>(&address),
           sizeof address) != 0) {
    return ErrnoToStatus(errno, "bind to 127.0.0.1");
  }
  if (listen(listener.get(), kBacklog) != 0) {
    return ErrnoToStatus(errno, "listen");
  }
  return listener;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Create(Loop& loop,
                                                       Service& service,
                                                       uint16_t port) {
  ASSIGN_OR_RETURN(UniqueFd listener, ListenOnLoopback(port));
  ASSIGN_OR_RETURN(const uint16_t bound, BoundPort(listener.get()));
  return std::unique_ptr<Server>(
      new Server(loop, service, std::move(listener), bound));
}

Server::Server(Loop& loop, Service& service, UniqueFd listener, uint16_t port)
    : loop_(loop),
      service_(service),
      listener_(std::move(listener)),
      port_(port),
      event_(loop, listener_.get(), [this](uint32_t /*ready*/) { Accept(); }) {
  event_.SetInterest(FdEvent::kRead);
}

void Server::Accept() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (connections_.size() >= kMaxConnections) {
      event_.SetInterest(0);
      return;
    }
    UniqueFd socket(accept4(listener_.get(), nullptr, nullptr,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.valid()) return;
    // Every piece leaves at once, as a model server's does.
    const int on = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++service_.stats().connections;
    auto connection = std::make_unique<Connection>(loop_, std::move(socket),
                                                   service_, budget_, *this);
    connections_.emplace(connection.get(), std::move(connection));
  }
}

void Server::OnClosed(Connection& connection) {
  auto node = connections_.extract(&connection);
  loop_.DeferDelete(std::move(node.mapped()));
  event_.SetInterest(FdEvent::kRead);
}

}  // namespace holt::demo
