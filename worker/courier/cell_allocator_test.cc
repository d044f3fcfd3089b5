#include "worker/courier/cell_allocator.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <vector>

namespace holt::worker {
namespace {

constexpr int64_t kDay = int64_t{24} * 3600 * 1'000'000'000;

TEST(CellAllocatorTest, GivesEachCellOnce) {
  CellAllocator cells(4, {}, 0);
  std::set<uint32_t> taken;
  for (int i = 0; i < 4; ++i) taken.insert(*cells.Take(0));
  EXPECT_EQ(taken, (std::set<uint32_t>{0, 1, 2, 3}));
  EXPECT_EQ(cells.Take(0), std::nullopt);
}

TEST(CellAllocatorTest, LeavesAloneWhatIsInUse) {
  CellAllocator cells(4, {false, true, false, true}, 0);
  const std::set<uint32_t> taken = {*cells.Take(0), *cells.Take(0)};
  EXPECT_EQ(taken, (std::set<uint32_t>{0, 2}));
  EXPECT_EQ(cells.Take(0), std::nullopt);
}

TEST(CellAllocatorTest, PrefersACellNeverUsedToOneGivenBackJustNow) {
  CellAllocator cells(3, {}, 0);
  cells.Give(*cells.Take(0), 1);
  EXPECT_EQ(cells.Take(2), 1u);
  EXPECT_EQ(cells.Take(2), 2u);
  EXPECT_EQ(cells.Take(2), 0u);
}

TEST(CellAllocatorTest, UsesACellAgainAfterItRestedADay) {
  CellAllocator cells(3, {}, 0);
  cells.Give(*cells.Take(0), 1);
  EXPECT_EQ(cells.Take(1 + kDay), 0u);
}

TEST(CellAllocatorTest, KeepOnlyGivesTheOthersBack) {
  CellAllocator cells(2, {}, 0);
  ASSERT_TRUE(cells.Take(0).has_value());
  ASSERT_TRUE(cells.Take(0).has_value());
  cells.KeepOnly({false, true}, 1);
  EXPECT_EQ(cells.Take(2), 0u);
  EXPECT_EQ(cells.Take(2), std::nullopt);
}

TEST(CellAllocatorTest, GivingBackWhatWasNotTakenChangesNothing) {
  CellAllocator cells(1, {}, 0);
  cells.Give(0, 0);
  cells.Give(7, 0);
  EXPECT_EQ(cells.Take(0), 0u);
  EXPECT_EQ(cells.Take(0), std::nullopt);
}

}  // namespace
}  // namespace holt::worker
