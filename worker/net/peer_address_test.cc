#include "worker/net/peer_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>

namespace holt::worker {
namespace {

PeerAddress FromText(int family, const char* text) {
  sockaddr_storage storage{};
  storage.ss_family = static_cast<sa_family_t>(family);
  if (family == AF_INET) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    EXPECT_EQ(inet_pton(AF_INET, text, &v4->sin_addr), 1);
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    EXPECT_EQ(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
  }
  return PeerAddress::From(storage);
}

TEST(PeerAddress, IPv4AndItsMappedFormAreOneAddress) {
  EXPECT_EQ(FromText(AF_INET, "192.0.2.7"),
            FromText(AF_INET6, "::ffff:192.0.2.7"));
}

TEST(PeerAddress, LimitsCountEachIPv4AddressByItself) {
  EXPECT_NE(FromText(AF_INET, "192.0.2.7").LimiterKey(),
            FromText(AF_INET, "192.0.2.8").LimiterKey());
}

TEST(PeerAddress, LimitsCountAnIPv6NetworkAsOne) {
  EXPECT_EQ(FromText(AF_INET6, "2001:db8:1:2::1").LimiterKey(),
            FromText(AF_INET6, "2001:db8:1:2:ffff::9").LimiterKey());
  EXPECT_NE(FromText(AF_INET6, "2001:db8:1:2::1").LimiterKey(),
            FromText(AF_INET6, "2001:db8:1:3::1").LimiterKey());
}

TEST(PeerAddress, AnotherFamilyIsUnspecified) {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  EXPECT_EQ(PeerAddress::From(storage), PeerAddress());
}

}  // namespace
}  // namespace holt::worker
