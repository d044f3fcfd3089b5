#include "worker/net/peer_address.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace holt::worker {
namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0,    0,
                                                   0, 0, 0, 0, 0xff, 0xff};
constexpr size_t kNetworkSize = 8;

}  // namespace

PeerAddress PeerAddress::From(const sockaddr_storage& address) {
  PeerAddress peer;
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof(v4));
    std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), peer.bytes_.begin());
    std::memcpy(peer.bytes_.data() + kMappedPrefix.size(), &v4.sin_addr, 4);
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof(v6));
    std::memcpy(peer.bytes_.data(), &v6.sin6_addr, peer.bytes_.size());
  }
  return peer;
}

bool PeerAddress::is_ipv4() const {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes_.begin());
}

PeerAddress::Bytes PeerAddress::LimiterKey() const {
  Bytes key = bytes_;
  if (!is_ipv4()) std::fill(key.begin() + kNetworkSize, key.end(), uint8_t{0});
  return key;
}

}  // namespace holt::worker
