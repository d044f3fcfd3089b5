#include "common/event/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/unique_fd.h"

namespace holt {
namespace {

class LoopTest : public testing::Test {
 protected:
  void SetUp() override {
    loop_ = *Loop::Create();
    int fds[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    near_ = UniqueFd(fds[0]);
    far_ = UniqueFd(fds[1]);
  }
  void SendByte() { ASSERT_EQ(::write(far_.get(), "x", 1), 1); }

  std::unique_ptr<Loop> loop_;
  UniqueFd near_;
  UniqueFd far_;
};

TEST_F(LoopTest, ReadableDescriptorIsTold) {
  uint32_t seen = 0;
  FdEvent event(*loop_, near_.get(), [&](uint32_t ready) { seen = ready; });
  event.SetInterest(FdEvent::kRead);
  SendByte();
  loop_->TurnOnce(/*block=*/true);
  EXPECT_EQ(seen, static_cast<uint32_t>(FdEvent::kRead));
}

TEST_F(LoopTest, NothingIsToldWithoutInterest) {
  int calls = 0;
  FdEvent event(*loop_, near_.get(), [&](uint32_t) { ++calls; });
  event.SetInterest(FdEvent::kRead | FdEvent::kWrite);
  event.SetInterest(0);
  SendByte();
  loop_->TurnOnce(/*block=*/false);
  EXPECT_EQ(calls, 0);
}

TEST_F(LoopTest, DestroyingAnEventUnregistersIt) {
  int calls = 0;
  {
    FdEvent event(*loop_, near_.get(), [&](uint32_t) { ++calls; });
    event.SetInterest(FdEvent::kRead);
  }
  SendByte();
  loop_->TurnOnce(/*block=*/false);
  EXPECT_EQ(calls, 0);
}

TEST_F(LoopTest, TimerRunsOnceAndCanBeCancelled) {
  int fired = 0;
  int never = 0;
  Timer timer(*loop_, [&] { ++fired; });
  Timer cancelled(*loop_, [&] { ++never; });
  timer.Start(absl::ZeroDuration());
  cancelled.Start(absl::ZeroDuration());
  cancelled.Cancel();
  while (fired == 0) loop_->TurnOnce(/*block=*/true);
  loop_->TurnOnce(/*block=*/false);
  EXPECT_EQ(fired, 1);
  EXPECT_EQ(never, 0);
  EXPECT_FALSE(timer.pending());
}

struct Mortal : Deletable {
  explicit Mortal(bool& flag) : alive(flag) { alive = true; }
  ~Mortal() override { alive = false; }
  bool& alive;
};

TEST_F(LoopTest, ADeferredObjectLivesToTheEndOfItsTurn) {
  bool alive = false;
  bool alive_in_callback = false;
  auto object = std::make_unique<Mortal>(alive);
  FdEvent event(*loop_, near_.get(), [&](uint32_t) {
    loop_->DeferDelete(std::move(object));
    alive_in_callback = alive;
    event.SetInterest(0);
  });
  event.SetInterest(FdEvent::kRead);
  SendByte();
  loop_->TurnOnce(/*block=*/true);
  EXPECT_TRUE(alive_in_callback);
  EXPECT_FALSE(alive);
}

TEST_F(LoopTest, DeferredCallsRunBeforeDeletions) {
  bool alive = false;
  bool alive_in_call = false;
  loop_->DeferDelete(std::make_unique<Mortal>(alive));
  loop_->Defer([&] { alive_in_call = alive; });
  loop_->TurnOnce(/*block=*/true);
  EXPECT_TRUE(alive_in_call);
  EXPECT_FALSE(alive);
}

}  // namespace
}  // namespace holt
