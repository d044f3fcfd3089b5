#include "worker/connector/socket_address.h"

#include <gtest/gtest.h>

namespace holt::worker {
namespace {

SocketAddress At(const char* literal) {
  const auto address = SocketAddress::Parse(literal, 443);
  EXPECT_TRUE(address.has_value()) << literal;
  return *address;
}

TEST(SocketAddress, OnlyLiteralsParse) {
  EXPECT_EQ(At("192.0.2.1").family(), AF_INET);
  EXPECT_EQ(At("2001:db8::1").family(), AF_INET6);
  for (const char* text : {"", "localhost", "192.0.2", "[::1]", "1.2.3.4:80"}) {
    EXPECT_FALSE(SocketAddress::Parse(text, 443).has_value()) << text;
  }
}

TEST(SocketAddress, MetadataServicesAreKnownInEveryForm) {
  for (const char* form :
       {"169.254.169.254", "::ffff:169.254.169.254", "::169.254.169.254",
        "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::1", "fd00:ec2::254",
        "100.100.100.200", "192.0.0.192", "168.63.129.16"}) {
    EXPECT_TRUE(At(form).IsMetadataService()) << form;
  }
}

TEST(SocketAddress, OrdinaryAddressesAreNoMetadataService) {
  for (const char* form : {"169.254.169.253", "192.0.2.1", "::1",
                           "::", "2001:db8::a9fe:a9fe", "10.0.0.1"}) {
    EXPECT_FALSE(At(form).IsMetadataService()) << form;
  }
}

TEST(SocketAddress, TheMachineItselfIsLocal) {
  for (const char* form :
       {"127.0.0.1", "127.8.8.8", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1",
        "64:ff9b::127.0.0.1", "169.254.1.1", "fe80::1"}) {
    EXPECT_TRUE(At(form).IsLocal()) << form;
  }
}

TEST(SocketAddress, PrivateNetworksAreNotLocal) {
  for (const char* form :
       {"10.0.0.1", "172.17.0.2", "192.168.1.1", "fd12::1", "2001:db8::1"}) {
    EXPECT_FALSE(At(form).IsLocal()) << form;
  }
}

}  // namespace
}  // namespace holt::worker
