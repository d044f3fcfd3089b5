#include "supervisor/keys/ticket_key_ring.h"

#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace holt::supervisor {
namespace {

class TicketKeyRingTest : public testing::Test {
 protected:
  void SetUp() override {
    auto arena = SecretArena::Create({.size = 64 << 10});
    ASSERT_THAT(arena, IsOk());
    arena_ = *std::move(arena);
    ring_ = std::make_unique<TicketKeyRing>(*arena_, clock_);
  }
  FakeClock clock_;
  std::unique_ptr<SecretArena> arena_;
  std::unique_ptr<TicketKeyRing> ring_;
};

TEST_F(TicketKeyRingTest, FirstKeyHasNoPrevious) {
  EXPECT_FALSE(ring_->KeysNow().has_previous);
  EXPECT_NE(ring_->KeysNow().current.aes_key, TicketKey().aes_key);
  EXPECT_EQ(ring_->UntilDue(), TicketKeyRing::kLife);
}

TEST_F(TicketKeyRingTest, NothingChangesBeforeItsTime) {
  const auto name = ring_->KeysNow().current.name;
  clock_.Advance(TicketKeyRing::kLife - absl::Nanoseconds(1));
  EXPECT_FALSE(ring_->RotateIfDue());
  EXPECT_EQ(ring_->KeysNow().current.name, name);
}

TEST_F(TicketKeyRingTest, CurrentBecomesPreviousAndThenIsGone) {
  const TicketKey first = ring_->KeysNow().current;
  clock_.Advance(TicketKeyRing::kLife);
  EXPECT_EQ(ring_->UntilDue(), absl::ZeroDuration());
  ASSERT_TRUE(ring_->RotateIfDue());
  const TicketKeysReply second = ring_->KeysNow();
  EXPECT_TRUE(second.has_previous);
  EXPECT_EQ(second.previous.name, first.name);
  EXPECT_EQ(second.previous.hmac_key, first.hmac_key);
  EXPECT_NE(second.current.aes_key, first.aes_key);

  clock_.Advance(TicketKeyRing::kLife);
  ASSERT_TRUE(ring_->RotateIfDue());
  EXPECT_EQ(ring_->KeysNow().previous.name, second.current.name);
}

TEST_F(TicketKeyRingTest, LongSleepDropsTheOldKey) {
  const TicketKey first = ring_->KeysNow().current;
  clock_.Advance(2 * TicketKeyRing::kLife);
  ASSERT_TRUE(ring_->RotateIfDue());
  EXPECT_NE(ring_->KeysNow().previous.name, first.name);
  EXPECT_NE(ring_->KeysNow().current.name, first.name);
}

TEST_F(TicketKeyRingTest, ArenaHoldsTwoKeysAtMost) {
  clock_.Advance(TicketKeyRing::kLife);
  ring_->RotateIfDue();
  const size_t used = arena_->used();
  for (int i = 0; i < 5; ++i) {
    clock_.Advance(TicketKeyRing::kLife);
    ASSERT_TRUE(ring_->RotateIfDue());
    EXPECT_EQ(arena_->used(), used);
  }
}

}  // namespace
}  // namespace holt::supervisor
