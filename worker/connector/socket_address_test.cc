#include "worker/connector/socket_address.h"

#include <gtest/gtest.h>

namespace holt::worker {
namespace {

struct Case {
  const char* literal;
  bool may;
};

class MayBeDialledTest : public testing::TestWithParam<Case> {};

TEST_P(MayBeDialledTest, FollowsTheRule) {
  const auto address = ParseLiteral(GetParam().literal, 443);
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(MayBeDialled(*address), GetParam().may) << GetParam().literal;
}

INSTANTIATE_TEST_SUITE_P(
    Addresses, MayBeDialledTest,
    testing::Values(Case{"127.0.0.1", true}, Case{"10.1.2.3", true},
                    Case{"::1", true}, Case{"2001:db8::1", true},
                    Case{"fd12::1", true}, Case{"169.254.169.254", false},
                    Case{"169.254.0.1", false},
                    Case{"::ffff:169.254.169.254", false},
                    Case{"::169.254.169.254", false}, Case{"fe80::1", false},
                    Case{"fd00:ec2::254", false}, Case{"0.0.0.0", false},
                    Case{"::", false}, Case{"224.0.0.1", false},
                    Case{"255.255.255.255", false}, Case{"ff02::1", false}));

TEST(ParseLiteralTest, ANameIsNoLiteral) {
  EXPECT_FALSE(ParseLiteral("localhost", 1).has_value());
  EXPECT_FALSE(ParseLiteral("", 1).has_value());
  EXPECT_FALSE(ParseLiteral("127.1", 1).has_value());
  EXPECT_FALSE(ParseLiteral("fe80::1%eth0", 1).has_value());
}

}  // namespace
}  // namespace holt::worker
