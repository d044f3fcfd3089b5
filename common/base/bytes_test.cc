#include "common/base/bytes.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace holt {
namespace {

TEST(BytesTest, ValuesComeBackAsWritten) {
  std::array<uint8_t, 32> buffer{};
  Writer writer(absl::MakeSpan(buffer));
  writer.Put<uint16_t>(0xabcd);
  writer.Put<int64_t>(std::numeric_limits<int64_t>::min());
  writer.Put<uint8_t>(7);
  ASSERT_TRUE(writer.ok());
  Reader reader(writer.written());
  EXPECT_EQ(reader.Get<uint16_t>(), 0xabcd);
  EXPECT_EQ(reader.Get<int64_t>(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(reader.Get<uint8_t>(), 7);
  EXPECT_TRUE(reader.Finish());
}

TEST(BytesTest, LayoutIsLittleEndian) {
  std::array<uint8_t, 4> buffer{};
  Writer writer(absl::MakeSpan(buffer));
  writer.Put<uint32_t>(0x01020304);
  EXPECT_EQ(buffer, (std::array<uint8_t, 4>{4, 3, 2, 1}));
}

TEST(BytesTest, AShortReadFailsAndStaysFailed) {
  const std::array<uint8_t, 3> buffer{1, 2, 3};
  Reader reader(buffer);
  EXPECT_EQ(reader.Get<uint32_t>(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.Get<uint8_t>(), 0u);
  EXPECT_FALSE(reader.Finish());
}

TEST(BytesTest, LeftOverBytesAreRefused) {
  const std::array<uint8_t, 3> buffer{1, 2, 3};
  Reader reader(buffer);
  reader.Get<uint16_t>();
  EXPECT_TRUE(reader.ok());
  EXPECT_FALSE(reader.Finish());
}

TEST(BytesTest, OverflowIsRememberedAndNothingIsWritten) {
  std::array<uint8_t, 3> buffer{};
  Writer writer(absl::MakeSpan(buffer));
  writer.Put<uint32_t>(0xffffffff);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(buffer, (std::array<uint8_t, 3>{}));
}

}  // namespace
}  // namespace holt
