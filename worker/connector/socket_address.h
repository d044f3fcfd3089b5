// An address to connect to, and which addresses are never connected to.
// Connector. What a name resolves to is decided by whoever runs its zone, so
// the rules are checked after resolution.
#ifndef HOLT_WORKER_CONNECTOR_SOCKET_ADDRESS_H_
#define HOLT_WORKER_CONNECTOR_SOCKET_ADDRESS_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

namespace holt::worker {

// An IPv4 or IPv6 address with a port.
class SocketAddress {
 public:
  static SocketAddress From(const in_addr& address, uint16_t port);
  static SocketAddress From(const in6_addr& address, uint16_t port);
  // An address literal without brackets; nothing for anything else.
  static std::optional<SocketAddress> Parse(const std::string& literal,
                                            uint16_t port);

  void set_port(uint16_t port);
  [[nodiscard]] int family() const { return storage_.ss_family; }
  [[nodiscard]] const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }
  [[nodiscard]] socklen_t size() const { return size_; }

  // The clouds' metadata services, in every form that leads there: they give
  // credentials of the machine to whoever asks. Refused always.
  [[nodiscard]] bool IsMetadataService() const;
  // Loopback, link-local or unspecified: refused when it is what a name
  // resolved to, because only the operator may point Holt at its own machine.
  [[nodiscard]] bool IsLocal() const;

 private:
  SocketAddress() = default;
  // As IPv6, IPv4 mapped; forms that embed an IPv4 address are unwrapped.
  [[nodiscard]] in6_addr Normalized() const;

  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_CONNECTOR_SOCKET_ADDRESS_H_
