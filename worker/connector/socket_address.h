// An address to dial, and the rule about addresses that are never dialled.
// Connector. Addresses come from the resolver, which anybody on the network may
// have answered.
#ifndef HOLT_WORKER_CONNECTOR_SOCKET_ADDRESS_H_
#define HOLT_WORKER_CONNECTOR_SOCKET_ADDRESS_H_

#include <sys/socket.h>

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace holt::worker {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  [[nodiscard]] int family() const { return storage.ss_family; }
};

// The address of a literal ("10.0.0.1", "::1"); nullopt for a name.
std::optional<SocketAddress> ParseLiteral(absl::string_view host,
                                          uint16_t port);

// Copies an address of AF_INET or AF_INET6 and sets its port; nullopt for other
// families and sizes.
std::optional<SocketAddress> CopyAddress(const sockaddr* address,
                                         socklen_t size, uint16_t port);

// False for what no upstream can be: the link-local ranges (cloud metadata
// services answer there: 169.254.169.254, fe80::/10, also mapped into IPv6),
// the unspecified address, and multicast.
bool MayBeDialled(const SocketAddress& address);

}  // namespace holt::worker

#endif  // HOLT_WORKER_CONNECTOR_SOCKET_ADDRESS_H_
