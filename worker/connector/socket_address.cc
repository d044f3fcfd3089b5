#include "worker/connector/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>
#include <string>

namespace holt::worker {
namespace {

void SetPort(SocketAddress& address, uint16_t port) {
  // The port stands at the same place in both families.
  static_assert(offsetof(sockaddr_in, sin_port) ==
                offsetof(sockaddr_in6, sin6_port));
  reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = ::htons(port);
}

bool MayBeDialled4(uint32_t address) {
  const bool link_local = (address >> 16) == 0xa9fe;
  const bool multicast_or_reserved = (address >> 28) >= 0xe;
  return !link_local && !multicast_or_reserved && address != 0;
}

bool MayBeDialled6(const in6_addr& address) {
  if (IN6_IS_ADDR_V4MAPPED(&address) || IN6_IS_ADDR_V4COMPAT(&address)) {
    if (IN6_IS_ADDR_LOOPBACK(&address)) return true;
    uint32_t mapped = 0;
    std::memcpy(&mapped, address.s6_addr + 12, sizeof(mapped));
    return MayBeDialled4(::ntohl(mapped));
  }
  // fd00:ec2::254 is the IPv6 form of a cloud's metadata service.
  static constexpr uint8_t kMetadata[16] = {
      0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x54};
  return !IN6_IS_ADDR_LINKLOCAL(&address) && !IN6_IS_ADDR_MULTICAST(&address) &&
         !IN6_IS_ADDR_UNSPECIFIED(&address) &&
         std::memcmp(address.s6_addr, kMetadata, sizeof(kMetadata)) != 0;
}

}  // namespace

std::optional<SocketAddress> ParseLiteral(absl::string_view host,
                                          uint16_t port) {
  const std::string text(host);
  sockaddr_in v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    return CopyAddress(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4),
                       port);
  }
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    return CopyAddress(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6),
                       port);
  }
  return std::nullopt;
}

std::optional<SocketAddress> CopyAddress(const sockaddr* address,
                                         socklen_t size, uint16_t port) {
  const bool known =
      (address->sa_family == AF_INET && size == sizeof(sockaddr_in)) ||
      (address->sa_family == AF_INET6 && size == sizeof(sockaddr_in6));
  if (!known) return std::nullopt;
  SocketAddress copy;
  std::memcpy(&copy.storage, address, size);
  copy.size = size;
  SetPort(copy, port);
  return copy;
}

bool MayBeDialled(const SocketAddress& address) {
  if (address.family() == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
    return MayBeDialled4(::ntohl(v4->sin_addr.s_addr));
  }
  if (address.family() != AF_INET6) return false;
  return MayBeDialled6(
      reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_addr);
}

}  // namespace holt::worker
