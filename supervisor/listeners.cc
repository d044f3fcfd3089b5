#include "supervisor/listeners.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace holt::supervisor {
namespace {

constexpr int kBacklog = 1024;
constexpr int kAdminBacklog = 64;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  [[nodiscard]] bool is_ipv6() const { return storage.ss_family == AF_INET6; }
};

absl::StatusOr<SocketAddress> MakeAddress(const std::string& address,
                                          uint16_t port) {
  SocketAddress made;
  auto* four = reinterpret_cast<sockaddr_in*>(&made.storage);
  if (::inet_pton(AF_INET, address.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    made.size = sizeof(sockaddr_in);
    return made;
  }
  auto* six = reinterpret_cast<sockaddr_in6*>(&made.storage);
  if (::inet_pton(AF_INET6, address.c_str(), &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    made.size = sizeof(sockaddr_in6);
    return made;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", address, "\" is no IP address"));
}

absl::Status ExplainBind(int error, const std::string& address, uint16_t port) {
  if (error == EADDRINUSE) {
    return absl::AlreadyExistsError(
        absl::StrCat("port ", port, " on ", address,
                     " is in use by another program (ss -ltnp 'sport = :", port,
                     "' names it): stop that one, or set PORT to a free port"));
  }
  if (error == EACCES) {
    return absl::PermissionDeniedError(absl::StrCat(
        "port ", port,
        " may not be bound by an ordinary user: use a port from 1024 on, start "
        "with CAP_NET_BIND_SERVICE, or set the sysctl "
        "net.ipv4.ip_unprivileged_port_start=",
        port));
  }
  if (error == EADDRNOTAVAIL) {
    return absl::InvalidArgumentError(absl::StrCat(
        address, " is no address of this machine: use 0.0.0.0 or ::"));
  }
  return ErrnoToStatus(error, absl::StrCat("binding ", address, ":", port));
}

absl::StatusOr<UniqueFd> BindAndListen(const SocketAddress& address,
                                       const std::string& text, uint16_t port) {
  UniqueFd fd(::socket(address.storage.ss_family,
                       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ErrnoToStatus(errno, "making a listening socket");
  const int on = 1;
  const int off = 0;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
    return ErrnoToStatus(errno, "setting up the listening socket");
  }
  if (address.is_ipv6() && ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY,
                                        &off, sizeof(off)) != 0) {
    return ErrnoToStatus(errno, "setting up the listening socket");
  }
  if (::bind(fd.get(), address.get(), address.size) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    return ExplainBind(errno, text, port);
  }
  return fd;
}

absl::StatusOr<uint16_t> BoundPort(int fd) {
  SocketAddress bound;
  bound.size = sizeof(bound.storage);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound.storage),
                    &bound.size) != 0) {
    return ErrnoToStatus(errno, "asking for the port");
  }
  if (bound.is_ipv6()) {
    return ntohs(reinterpret_cast<sockaddr_in6*>(&bound.storage)->sin6_port);
  }
  return ntohs(reinterpret_cast<sockaddr_in*>(&bound.storage)->sin_port);
}

std::string UrlHost(const std::string& address) {
  if (address == "0.0.0.0") return "127.0.0.1";
  if (address.find(':') == std::string::npos) return address;
  return absl::StrCat("[", address == "::" ? "::1" : address, "]");
}

}  // namespace

std::string PublicListener::Url(bool tls) const {
  return absl::StrCat(tls ? "https://" : "http://", host, ":", port);
}

absl::StatusOr<PublicListener> OpenPublicListener(const std::string& address,
                                                  uint16_t port) {
  ASSIGN_OR_RETURN(const SocketAddress wanted, MakeAddress(address, port));
  PublicListener listener;
  ASSIGN_OR_RETURN(listener.socket, BindAndListen(wanted, address, port));
  ASSIGN_OR_RETURN(listener.port, BoundPort(listener.socket.get()));
  listener.host = UrlHost(address);
  return listener;
}

absl::StatusOr<UniqueFd> OpenAdminListener(int directory, const char* name) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ErrnoToStatus(errno, "making the admin socket");
  if (::unlinkat(directory, name, 0) != 0 && errno != ENOENT) {
    return ErrnoToStatus(errno, "replacing the admin socket");
  }
  // A socket's path has at most 107 bytes; through the descriptor the state
  // directory may be as deep as it likes.
  const std::string path = absl::StrCat("/proc/self/fd/", directory, "/", name);
  sockaddr_un address{};
  if (path.size() >= sizeof(address.sun_path)) {
    return absl::InternalError("the admin socket's name is too long");
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const mode_t before = ::umask(0177);
  const int bound = ::bind(
      fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int error = errno;
  ::umask(before);
  if (bound != 0) return ErrnoToStatus(error, "binding the admin socket");
  if (::listen(fd.get(), kAdminBacklog) != 0) {
    return ErrnoToStatus(errno, "listening on the admin socket");
  }
  return fd;
}

}  // namespace holt::supervisor
