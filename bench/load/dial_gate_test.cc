#include "bench/load/dial_gate.h"

#include <gtest/gtest.h>

#include <memory>

namespace holt::bench {
namespace {

class DialGateTest : public testing::Test {
 protected:
  void SetUp() override { loop_ = *Loop::Create(); }
  void Enter(DialGate& gate, int times) {
    for (int i = 0; i < times; ++i) gate.Enter([this] { ++dialled_; });
  }

  std::unique_ptr<Loop> loop_;
  int dialled_ = 0;
};

TEST_F(DialGateTest, LetsSoManyInAtOnce) {
  DialGate gate(*loop_, /*at_once=*/2, /*per_second=*/0);
  Enter(gate, 3);
  EXPECT_EQ(dialled_, 2);
  gate.Leave();
  EXPECT_EQ(dialled_, 3);
}

TEST_F(DialGateTest, WhoLeavesAtOnceLetsTheNextIn) {
  DialGate gate(*loop_, /*at_once=*/1, /*per_second=*/0);
  for (int i = 0; i < 100; ++i) {
    gate.Enter([&] {
      ++dialled_;
      gate.Leave();
    });
  }
  EXPECT_EQ(dialled_, 100);
}

TEST_F(DialGateTest, TheRestWaitsForItsTime) {
  DialGate gate(*loop_, /*at_once=*/64, /*per_second=*/50);
  Enter(gate, 2);
  EXPECT_EQ(dialled_, 1);
  while (dialled_ < 2) loop_->TurnOnce(/*block=*/true);
}

}  // namespace
}  // namespace holt::bench
