#include "common/ipc/sequence_lock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace holt {
namespace {

struct Pair {
  uint64_t first;
  uint64_t second;
};

TEST(SequenceLockedTest, ZeroedMemoryHoldsAZeroValue) {
  SequenceLocked<Pair> locked{};
  Pair value{1, 2};
  ASSERT_TRUE(locked.Load(value));
  EXPECT_EQ(value.first, 0u);
  EXPECT_EQ(value.second, 0u);
}

TEST(SequenceLockedTest, LoadGivesWhatWasStored) {
  SequenceLocked<Pair> locked{};
  locked.Store({3, 4});
  Pair value{};
  ASSERT_TRUE(locked.Load(value));
  EXPECT_EQ(value.first, 3u);
  EXPECT_EQ(value.second, 4u);
  EXPECT_FALSE(locked.torn());
}

TEST(SequenceLockedTest, AWriterThatDiedInsideMakesLoadGiveUp) {
  SequenceLocked<Pair> locked{};
  // The version is the first word.
  reinterpret_cast<std::atomic<uint64_t>&>(locked).store(7);
  Pair value{5, 6};
  EXPECT_TRUE(locked.torn());
  EXPECT_FALSE(locked.Load(value));
  EXPECT_EQ(value.first, 5u);
  locked.Store({8, 9});
  ASSERT_TRUE(locked.Load(value));
  EXPECT_EQ(value.second, 9u);
}

// The halves are always equal; also what ThreadSanitizer is to look at.
TEST(SequenceLockedTest, AReaderNeverSeesHalfAValue) {
  SequenceLocked<Pair> locked{};
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (uint64_t i = 1; i <= 20'000; ++i) locked.Store({i, i});
    done = true;
  });
  uint64_t last = 0;
  while (!done) {
    Pair value{};
    if (!locked.Load(value)) continue;
    EXPECT_EQ(value.first, value.second);
    EXPECT_GE(value.first, last);
    last = value.first;
  }
  writer.join();
}

}  // namespace
}  // namespace holt
