#include "common/base/keyed_hash.h"

#include <gtest/gtest.h>

#include <vector>

namespace holt {
namespace {

// Key and messages of the paper's test values: bytes 0, 1, 2, ...
constexpr HashKey kPaperKey = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::vector<uint8_t> Counting(size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i);
  return bytes;
}

TEST(KeyedHashTest, GivesThePublishedValues) {
  EXPECT_EQ(KeyedHash(kPaperKey, Counting(0)), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(KeyedHash(kPaperKey, Counting(1)), 0x74f839c593dc67fdu);
  EXPECT_EQ(KeyedHash(kPaperKey, Counting(8)), 0x93f5f5799a932462u);
  EXPECT_EQ(KeyedHash(kPaperKey, Counting(15)), 0xa129ca6149be45e5u);
}

TEST(KeyedHashTest, AnotherKeyGivesAnotherHash) {
  EXPECT_NE(KeyedHash(RandomHashKey(), Counting(16)),
            KeyedHash(RandomHashKey(), Counting(16)));
}

}  // namespace
}  // namespace holt
