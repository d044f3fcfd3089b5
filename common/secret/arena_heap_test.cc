#include "common/secret/arena_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

namespace holt {
namespace {

class ArenaHeapTest : public testing::Test {
 protected:
  static constexpr size_t kSize = 64 << 10;

  [[nodiscard]] long BytesNotZero(size_t from) const {
    return std::count_if(memory_ + from, memory_ + kSize,
                         [](uint8_t byte) { return byte != 0; });
  }

  alignas(16) uint8_t memory_[kSize] = {};
  ArenaHeap heap_{absl::MakeSpan(memory_, kSize)};
};

TEST_F(ArenaHeapTest, BlocksAreZeroedAlignedAndApart) {
  auto* first = static_cast<uint8_t*>(heap_.Allocate(1));
  auto* second = static_cast<uint8_t*>(heap_.Allocate(100));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(first) % 16, 0u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(second) % 16, 0u);
  EXPECT_GE(second, first + heap_.UsableSize(first));
  EXPECT_TRUE(
      std::all_of(second, second + 100, [](uint8_t b) { return b == 0; }));
}

TEST_F(ArenaHeapTest, FreedBytesAreWiped) {
  auto* kept = heap_.Allocate(64);
  auto* block = static_cast<uint8_t*>(heap_.Allocate(1000));
  std::memset(block, 0xa5, 1000);
  heap_.Free(block);
  EXPECT_EQ(std::count(memory_, memory_ + kSize, 0xa5), 0);
  heap_.Free(kept);
}

TEST_F(ArenaHeapTest, FreeBlocksMergeWithBothNeighbours) {
  std::vector<void*> blocks;
  while (void* block = heap_.Allocate(1000)) blocks.push_back(block);
  EXPECT_EQ(heap_.Allocate(60 << 10), nullptr);
  // Odd ones first, so that the rest merges on both sides.
  for (size_t i = 1; i < blocks.size(); i += 2) heap_.Free(blocks[i]);
  for (size_t i = 0; i < blocks.size(); i += 2) heap_.Free(blocks[i]);
  EXPECT_EQ(heap_.used(), 0u);
  EXPECT_NE(heap_.Allocate(60 << 10), nullptr);
}

TEST_F(ArenaHeapTest, ManyRandomStepsKeepEveryBlockIntact) {
  std::mt19937 random(20261121);
  struct Live {
    uint8_t* bytes;
    size_t size;
    uint8_t fill;
  };
  std::vector<Live> live;
  for (int step = 0; step < 50000; ++step) {
    if (live.empty() || random() % 5 < 3) {
      const size_t size = random() % (random() % 16 == 0 ? 8000 : 300);
      auto* bytes = static_cast<uint8_t*>(heap_.Allocate(size));
      if (bytes == nullptr) continue;
      ASSERT_TRUE(
          std::all_of(bytes, bytes + size, [](uint8_t b) { return b == 0; }));
      const auto fill = static_cast<uint8_t>(random() % 255 + 1);
      std::memset(bytes, fill, size);
      live.push_back({bytes, size, fill});
      continue;
    }
    std::swap(live[random() % live.size()], live.back());
    const Live gone = live.back();
    live.pop_back();
    ASSERT_EQ(std::count(gone.bytes, gone.bytes + gone.size, gone.fill),
              static_cast<long>(gone.size));
    heap_.Free(gone.bytes);
  }
  for (const Live& block : live) heap_.Free(block.bytes);
  EXPECT_EQ(heap_.used(), 0u);
  // All but the header of the one free block, whose links are null.
  EXPECT_EQ(BytesNotZero(16), 0);
}

TEST_F(ArenaHeapTest, ImpossibleSizesAreRefused) {
  EXPECT_EQ(heap_.Allocate(kSize), nullptr);
  EXPECT_EQ(heap_.Allocate(SIZE_MAX), nullptr);
  EXPECT_EQ(heap_.Allocate(SIZE_MAX - 8), nullptr);
}

using ArenaHeapDeathTest = ArenaHeapTest;

TEST_F(ArenaHeapDeathTest, FreeingTwiceEndsTheProcess) {
  void* block = heap_.Allocate(40);
  heap_.Free(block);
  EXPECT_DEATH(heap_.Free(block), "check failed");
}

TEST_F(ArenaHeapDeathTest, FreeingForeignMemoryEndsTheProcess) {
  alignas(16) uint8_t foreign[64];
  EXPECT_DEATH(heap_.Free(foreign), "check failed");
}

}  // namespace
}  // namespace holt
