#include "supervisor/rolling_restart.h"

#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace holt::supervisor {
namespace {

constexpr pid_t kSomePid = 1'234;  // never signalled here

class RollingRestartTest : public testing::Test {
 protected:
  RollingRestartTest() : set_(ChildSet::Create(2, 0)), rolling_(*set_) {
    for (const int slot : {0, 1}) {
      At(slot).SetWanted(true);
      Serve(slot);
    }
  }
  Child& At(int slot) { return *set_->workers()[static_cast<size_t>(slot)]; }
  void Serve(int slot) {
    At(slot).Began(kSomePid, FrameChannel(), nullptr, 0);
    At(slot).session().MarkReady();
  }
  absl::StatusOr<ChildSet> set_;
  RollingRestart rolling_;
};

TEST_F(RollingRestartTest, TheOldOneDrainsWhenTheNewOneServes) {
  rolling_.Begin();
  EXPECT_EQ(rolling_.Advance().drain, nullptr);
  EXPECT_TRUE(At(2).wanted());
  EXPECT_EQ(rolling_.Advance().drain, nullptr) << "the new one is not ready";
  EXPECT_TRUE(At(0).wanted());
  Serve(2);
  EXPECT_EQ(rolling_.Advance().drain, &At(0));
  EXPECT_FALSE(At(0).wanted());
  EXPECT_TRUE(At(2).wanted());
}

TEST_F(RollingRestartTest, OneWorkerIsReplacedAfterTheOther) {
  rolling_.Begin();
  rolling_.Advance();
  EXPECT_FALSE(At(3).wanted());
  Serve(2);
  rolling_.Advance();
  rolling_.Advance();
  EXPECT_TRUE(At(3).wanted());
  Serve(3);
  EXPECT_EQ(rolling_.Advance().drain, &At(1));
  EXPECT_FALSE(rolling_.under_way());
}

TEST_F(RollingRestartTest, ASlotThatStillDrainsIsWaitedFor) {
  Serve(2);  // left over from a reload before; not wanted
  rolling_.Begin();
  rolling_.Advance();
  EXPECT_FALSE(At(2).wanted());
  EXPECT_TRUE(rolling_.under_way());
  At(2).Ended(0);
  rolling_.Advance();
  EXPECT_TRUE(At(2).wanted());
}

TEST_F(RollingRestartTest, AReplacementThatNeverServesLeavesTheOldOnes) {
  rolling_.Begin();
  rolling_.Advance();
  for (int i = 0; i < 3; ++i) At(2).Ended(0);
  EXPECT_TRUE(rolling_.Advance().given_up);
  EXPECT_FALSE(At(2).wanted());
  EXPECT_TRUE(At(0).wanted());
  EXPECT_FALSE(rolling_.under_way());
}

TEST_F(RollingRestartTest, ASecondReloadReplacesTheReplacementToo) {
  rolling_.Begin();
  rolling_.Advance();
  rolling_.Begin();
  Serve(2);
  EXPECT_EQ(rolling_.Advance().drain, &At(0));
  At(0).Ended(0);
  rolling_.Advance();
  Serve(3);
  EXPECT_EQ(rolling_.Advance().drain, &At(1));
  rolling_.Advance();
  EXPECT_TRUE(At(0).wanted());
  Serve(0);
  EXPECT_EQ(rolling_.Advance().drain, &At(2));
}

}  // namespace
}  // namespace holt::supervisor
