#include "worker/connector/socket_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace holt::worker {
namespace {

using Bytes = std::array<uint8_t, 16>;

constexpr Bytes Mapped(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
  return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d};
}

constexpr std::array<Bytes, 5> kMetadataServices = {
    Mapped(169, 254, 169, 254),  // most clouds
    Mapped(100, 100, 100, 200),  // Alibaba
    Mapped(192, 0, 0, 192),      // Oracle
    Mapped(168, 63, 129, 16),    // Azure's wire server
    // fd00:ec2::254, Amazon over IPv6
    Bytes{0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}};

// A form of IPv6 address that has an IPv4 address at some offset.
struct Embedding {
  Bytes prefix;
  size_t prefix_size;
  size_t offset;
};

constexpr std::array<Embedding, 3> kEmbeddings = {{
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 12, 12},  // compatible, deprecated
    {{0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0}, 12, 12},  // NAT64
    {{0x20, 0x02}, 2, 2},                                     // 6to4
}};

Bytes BytesOf(const in6_addr& address) {
  Bytes bytes;
  std::memcpy(bytes.data(), &address, bytes.size());
  return bytes;
}

Bytes Unwrap(const Bytes& bytes) {
  for (const Embedding& form : kEmbeddings) {
    if (!std::equal(form.prefix.begin(), form.prefix.begin() + form.prefix_size,
                    bytes.begin())) {
      continue;
    }
    const uint8_t* v4 = bytes.data() + form.offset;
    // ::1 and :: are no embedded addresses.
    if (form.prefix[0] == 0 && form.prefix[1] == 0 && v4[0] == 0) return bytes;
    return Mapped(v4[0], v4[1], v4[2], v4[3]);
  }
  return bytes;
}

}  // namespace

SocketAddress SocketAddress::From(const in_addr& address, uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v4.sin_addr = address;
  SocketAddress made;
  std::memcpy(&made.storage_, &v4, sizeof(v4));
  made.size_ = sizeof(v4);
  return made;
}

SocketAddress SocketAddress::From(const in6_addr& address, uint16_t port) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_addr = address;
  SocketAddress made;
  std::memcpy(&made.storage_, &v6, sizeof(v6));
  made.size_ = sizeof(v6);
  return made;
}

std::optional<SocketAddress> SocketAddress::Parse(const std::string& literal,
                                                  uint16_t port) {
  in_addr v4{};
  if (::inet_pton(AF_INET, literal.c_str(), &v4) == 1) return From(v4, port);
  in6_addr v6{};
  if (::inet_pton(AF_INET6, literal.c_str(), &v6) == 1) return From(v6, port);
  return std::nullopt;
}

void SocketAddress::set_port(uint16_t port) {
  // At the same place in both families.
  static_assert(offsetof(sockaddr_in, sin_port) ==
                offsetof(sockaddr_in6, sin6_port));
  reinterpret_cast<sockaddr_in*>(&storage_)->sin_port = htons(port);
}

in6_addr SocketAddress::Normalized() const {
  Bytes bytes{};
  if (family() == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage_, sizeof(v4));
    std::array<uint8_t, 4> raw;
    std::memcpy(raw.data(), &v4.sin_addr, raw.size());
    bytes = Mapped(raw[0], raw[1], raw[2], raw[3]);
  } else {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage_, sizeof(v6));
    bytes = Unwrap(BytesOf(v6.sin6_addr));
  }
  in6_addr address{};
  std::memcpy(&address, bytes.data(), bytes.size());
  return address;
}

bool SocketAddress::IsMetadataService() const {
  const Bytes bytes = BytesOf(Normalized());
  return std::find(kMetadataServices.begin(), kMetadataServices.end(), bytes) !=
         kMetadataServices.end();
}

bool SocketAddress::IsLocal() const {
  const in6_addr address = Normalized();
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    const Bytes bytes = BytesOf(address);
    const bool link_local = bytes[12] == 169 && bytes[13] == 254;
    return bytes[12] == 127 || bytes[12] == 0 || link_local;
  }
  return IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_UNSPECIFIED(&address) ||
         IN6_IS_ADDR_LINKLOCAL(&address);
}

}  // namespace holt::worker
