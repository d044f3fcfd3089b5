#include "supervisor/child.h"

#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace holt::supervisor {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
// No process of that number is ever signalled here.
constexpr pid_t kSomePid = 1'234;

class ChildTest : public testing::Test {
 protected:
  ChildTest() {
    auto child = Child::Create(Role::kWorker, 3);
    EXPECT_THAT(child, IsOk());
    child_ = *std::move(child);
    auto mapping = Mapping::Map(child_->counters_fd(), kCountersSize,
                                Mapping::Access::kReadWrite);
    EXPECT_THAT(mapping, IsOk());
    mapping_ = *std::move(mapping);
  }
  void Begin(int64_t now) {
    child_->SetWanted(true);
    child_->Began(kSomePid, FrameChannel(), nullptr, now);
  }
  // As the process itself does.
  void Beat() {
    reinterpret_cast<ChildCounters*>(mapping_.data())->heartbeat.fetch_add(1);
  }
  std::unique_ptr<Child> child_;
  Mapping mapping_;
};

TEST_F(ChildTest, AnUnwantedSlotStaysEmpty) {
  EXPECT_FALSE(child_->DueAt(kSecond));
  EXPECT_EQ(child_->due_nanos(), std::nullopt);
}

TEST_F(ChildTest, AWantedSlotIsStartedAtOnce) {
  child_->SetWanted(true);
  EXPECT_TRUE(child_->DueAt(0));
}

TEST_F(ChildTest, OneThatEndsIsStartedAgainWithBackOff) {
  Begin(0);
  EXPECT_FALSE(child_->DueAt(20 * kSecond));
  child_->Ended(20 * kSecond);
  EXPECT_TRUE(child_->DueAt(20 * kSecond));
  Begin(20 * kSecond);
  child_->Ended(40 * kSecond);
  EXPECT_FALSE(child_->DueAt(40 * kSecond));
  EXPECT_EQ(child_->due_nanos(), 40 * kSecond + kSecond / 10);
  EXPECT_EQ(child_->ends(), 2u);
}

TEST_F(ChildTest, AStartIsNotTakenForAHang) {
  Begin(0);
  EXPECT_FALSE(child_->HangsAt(0));
  EXPECT_FALSE(child_->HangsAt(10 * kSecond));
  EXPECT_FALSE(child_->StartTimedOut(29 * kSecond));
  EXPECT_TRUE(child_->StartTimedOut(30 * kSecond));
}

TEST_F(ChildTest, AReadyChildThatStopsBeatingHangs) {
  Begin(0);
  child_->session().MarkReady();
  EXPECT_FALSE(child_->HangsAt(kSecond));
  Beat();
  EXPECT_FALSE(child_->HangsAt(2 * kSecond));
  EXPECT_FALSE(child_->HangsAt(4 * kSecond - 1));
  EXPECT_TRUE(child_->HangsAt(4 * kSecond));
  EXPECT_FALSE(child_->StartTimedOut(100 * kSecond));
}

TEST_F(ChildTest, ARestartedChildIsNotJudgedByItsPredecessor) {
  Begin(0);
  child_->session().MarkReady();
  child_->HangsAt(kSecond);
  child_->Ended(2 * kSecond);
  Begin(10 * kSecond);
  child_->session().MarkReady();
  EXPECT_FALSE(child_->HangsAt(11 * kSecond));
}

}  // namespace
}  // namespace holt::supervisor
