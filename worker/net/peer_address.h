// The address of whoever is at the other end of a connection, as one value for
// both families. Worker. Never logged: it identifies a person.
#ifndef HOLT_WORKER_NET_PEER_ADDRESS_H_
#define HOLT_WORKER_NET_PEER_ADDRESS_H_

#include <sys/socket.h>

#include <array>
#include <cstdint>

namespace holt::worker {

class PeerAddress {
 public:
  using Bytes = std::array<uint8_t, 16>;

  // The unspecified address.
  PeerAddress() = default;
  // IPv4 becomes ::ffff:a.b.c.d; any other family the unspecified address.
  static PeerAddress From(const sockaddr_storage& address);

  // 16 bytes, IPv4 mapped into IPv6.
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }
  // What limits per address count by: an IPv4 address as it is, of an IPv6
  // address the first 64 bits (whoever has one has all below it).
  [[nodiscard]] Bytes LimiterKey() const;

  friend bool operator==(const PeerAddress& a, const PeerAddress& b) {
    return a.bytes_ == b.bytes_;
  }

 private:
  [[nodiscard]] bool is_ipv4() const;
  Bytes bytes_{};
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_NET_PEER_ADDRESS_H_
