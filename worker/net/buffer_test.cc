#include "worker/net/buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace holt::worker {
namespace {

std::string TextOf(const ChunkBuffer& buffer) {
  std::array<iovec, 64> vectors;
  const size_t count = buffer.Gather(vectors.data(), vectors.size());
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    text.append(static_cast<const char*>(vectors[i].iov_base),
                vectors[i].iov_len);
  }
  return text;
}

TEST(ChunkBuffer, GivesBackWhatWasAppendedInOrder) {
  BufferPool pool(1 << 20);
  ChunkBuffer buffer(pool);
  const std::string text(3 * kBlockSize + 5, 'x');
  ASSERT_TRUE(buffer.Append(text));
  ASSERT_TRUE(buffer.Append("end"));
  EXPECT_EQ(buffer.size(), text.size() + 3);
  EXPECT_EQ(TextOf(buffer), text + "end");
}

TEST(ChunkBuffer, BehavesAsAQueueUnderRandomUse) {
  BufferPool pool(1 << 22);
  ChunkBuffer buffer(pool);
  std::string model;
  std::minstd_rand random(7);  // NOLINT(cert-msc51-cpp): repeatable
  for (int i = 0; i < 3000; ++i) {
    const size_t size = random() % 9000;
    if (random() % 2 == 0 && buffer.size() < (1 << 20)) {
      const std::string piece(size, static_cast<char>('a' + i % 26));
      ASSERT_TRUE(buffer.Append(piece));
      model += piece;
    } else {
      const size_t now = std::min(size, buffer.size());
      buffer.Consume(now);
      model.erase(0, now);
    }
    ASSERT_EQ(buffer.size(), model.size());
    const auto front = buffer.Front();
    ASSERT_TRUE(std::equal(front.begin(), front.end(), model.begin()));
  }
  EXPECT_EQ(TextOf(buffer), model.substr(0, TextOf(buffer).size()));
}

TEST(ChunkBuffer, TailThatStaysUnusedHoldsNoBlock) {
  BufferPool pool(1 << 20);
  ChunkBuffer buffer(pool);
  EXPECT_EQ(buffer.Tail().size(), kBlockSize);
  buffer.Commit(0);
  EXPECT_EQ(pool.used_bytes(), 0u);
}

TEST(ChunkBuffer, TailGoesOnInTheSameBlockWhileThereIsRoom) {
  BufferPool pool(1 << 20);
  ChunkBuffer buffer(pool);
  for (const char* piece : {"one ", "two "}) {
    auto tail = buffer.Tail();
    std::memcpy(tail.data(), piece, 4);
    buffer.Commit(4);
  }
  EXPECT_EQ(pool.used_bytes(), kBlockSize);
  EXPECT_EQ(TextOf(buffer), "one two ");
}

TEST(ChunkBuffer, ConsumedBlocksGoBackAtOnce) {
  BufferPool pool(1 << 20);
  ChunkBuffer buffer(pool);
  ASSERT_TRUE(buffer.Append(std::string(2 * kBlockSize, 'x')));
  buffer.Consume(kBlockSize);
  EXPECT_EQ(pool.used_bytes(), kBlockSize);
  buffer.Consume(kBlockSize);
  EXPECT_EQ(pool.used_bytes(), 0u);
}

TEST(ChunkBuffer, MovingWholeBlocksCopiesNothing) {
  BufferPool pool(1 << 20);
  ChunkBuffer from(pool);
  ChunkBuffer to(pool);
  ASSERT_TRUE(from.Append(std::string(2 * kBlockSize, 'x')));
  const uint8_t* where = from.Front().data();
  to.MoveAllFrom(from);
  EXPECT_EQ(to.Front().data(), where);
  EXPECT_EQ(to.size(), 2 * kBlockSize);
  EXPECT_TRUE(from.empty());
}

TEST(ChunkBuffer, ManySmallMovesDoNotHoldABlockEach) {
  BufferPool pool(1 << 20);
  ChunkBuffer from(pool);
  ChunkBuffer to(pool);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(from.Append("0123456789"));
    to.MoveAllFrom(from);
  }
  EXPECT_EQ(to.size(), 10'000u);
  EXPECT_EQ(pool.used_bytes(), kBlockSize);
}

TEST(ChunkBuffer, ExhaustedPoolRefusesTheWholeAppendAndIsRemembered) {
  BufferPool pool(2 * kBlockSize);
  ChunkBuffer buffer(pool);
  ASSERT_TRUE(buffer.Append("kept"));
  EXPECT_FALSE(buffer.Append(std::string(2 * kBlockSize, 'x')));
  EXPECT_EQ(TextOf(buffer), "kept");
  EXPECT_TRUE(buffer.overflowed());
  ChunkBuffer other(pool);
  other.MoveAllFrom(buffer);
  EXPECT_TRUE(other.overflowed());
  other.Clear();
  EXPECT_FALSE(other.overflowed());
}

TEST(ChunkBuffer, TailIsEmptyWhenThePoolIsExhausted) {
  BufferPool pool(kBlockSize);
  ChunkBuffer buffer(pool);
  ASSERT_TRUE(buffer.Append(std::string(kBlockSize, 'x')));
  EXPECT_TRUE(pool.exhausted());
  EXPECT_TRUE(buffer.Tail().empty());
  buffer.Commit(0);
  buffer.Consume(kBlockSize);
  EXPECT_FALSE(buffer.Tail().empty());
  buffer.Commit(0);
}

TEST(BufferPool, AReleasedBlockHasNothingOfWhatItHeld) {
  BufferPool pool(1 << 20);
  const uint8_t* where = nullptr;
  {
    ChunkBuffer buffer(pool);
    ASSERT_TRUE(buffer.Append("a witness's name"));
    where = buffer.Front().data();
    buffer.Consume(5);
  }
  // The region is kept as the reserve, so the memory is still ours to look at.
  EXPECT_TRUE(std::all_of(where, where + kBlockSize,
                          [](uint8_t byte) { return byte == 0; }));
}

TEST(BufferPool, MemoryOfAPeakIsGivenBack) {
  BufferPool pool(size_t{32} << 20);
  std::vector<ChunkBuffer> buffers;
  for (int i = 0; i < 1000; ++i) {
    buffers.emplace_back(pool);
    ASSERT_TRUE(buffers.back().Append(std::string(kBlockSize, 'x')));
  }
  EXPECT_GT(pool.mapped_bytes(), size_t{15} << 20);
  buffers.clear();
  EXPECT_LE(pool.mapped_bytes(), size_t{1} << 20);
}

}  // namespace
}  // namespace holt::worker
