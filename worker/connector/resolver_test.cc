#include "worker/connector/resolver.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "worker/net/testing/sockets.h"

namespace holt::worker {
namespace {

class ResolverTest : public testing::Test {
 protected:
  void SetUp() override {
    loop_ = *Loop::Create();
    resolver_ = *Resolver::Create(*loop_, absl::Seconds(60));
  }
  std::vector<SocketAddress> Resolve(const std::string& host) {
    std::optional<std::vector<SocketAddress>> result;
    resolver_->Resolve(host, 443, [&result](std::vector<SocketAddress> found) {
      result = std::move(found);
    });
    TurnUntil(*loop_, [&result] { return result.has_value(); });
    return result.value_or(std::vector<SocketAddress>());
  }
  static uint16_t PortOf(const SocketAddress& address) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(address.get())->sin_port);
  }

  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Resolver> resolver_;
};

TEST_F(ResolverTest, LiteralsNeedNoNameServer) {
  for (const char* literal : {"192.0.2.1", "2001:db8::1", "127.0.0.1"}) {
    bool called = false;
    resolver_->Resolve(literal, 443, [&](std::vector<SocketAddress> found) {
      called = true;
      ASSERT_EQ(found.size(), 1u);
      EXPECT_EQ(PortOf(found[0]), 443);
    });
    EXPECT_TRUE(called) << literal;
  }
}

TEST_F(ResolverTest, MetadataServicesAreRefusedAsLiteralsToo) {
  EXPECT_TRUE(Resolve("169.254.169.254").empty());
  EXPECT_TRUE(Resolve("::ffff:169.254.169.254").empty());
}

TEST_F(ResolverTest, LocalhostIsTheOperatorsOwnWord) {
  const std::vector<SocketAddress> found = Resolve("localhost");
  ASSERT_FALSE(found.empty());
  EXPECT_TRUE(found[0].IsLocal());
  EXPECT_EQ(PortOf(found[0]), 443);
}

TEST_F(ResolverTest, OtherNamesMayNotLeadToTheMachineItself) {
  // RFC 6761: every name below localhost is loopback, without a name server.
  EXPECT_TRUE(Resolve("upstream.localhost").empty());
}

TEST_F(ResolverTest, KeptAnswersComeAtOnce) {
  ASSERT_FALSE(Resolve("localhost").empty());
  bool called = false;
  resolver_->Resolve("localhost", 80, [&](std::vector<SocketAddress> found) {
    called = true;
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(PortOf(found[0]), 80);
  });
  EXPECT_TRUE(called);
}

TEST_F(ResolverTest, CanBeDestroyedWhileItAsks) {
  bool called = false;
  resolver_->Resolve("name.invalid", 443,
                     [&](std::vector<SocketAddress>) { called = true; });
  const bool before = called;
  resolver_.reset();
  TurnUntilQuiet(*loop_);
  EXPECT_EQ(called, before);
}

}  // namespace
}  // namespace holt::worker
