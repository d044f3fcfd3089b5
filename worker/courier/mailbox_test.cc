#include "worker/courier/mailbox.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace holt::worker {
namespace {

class MailboxTest : public testing::Test {
 protected:
  std::unique_ptr<Loop> loop_ = *Loop::Create();
  std::unique_ptr<Mailbox> mailbox_ = *Mailbox::Create(*loop_);
};

TEST_F(MailboxTest, CallsOfOtherThreadsAreMadeOnTheLoopInOrder) {
  constexpr int kCalls = 1000;
  std::vector<int> seen;
  const Mailbox::Sender sender = mailbox_->sender();
  std::thread other([&] {
    for (int i = 0; i < kCalls; ++i) {
      sender.Post([&seen, i] { seen.push_back(i); });
    }
  });
  while (seen.size() < kCalls) loop_->TurnOnce(/*block=*/true);
  other.join();
  for (int i = 0; i < kCalls; ++i) {
    EXPECT_EQ(seen[static_cast<size_t>(i)], i);
  }
}

TEST_F(MailboxTest, ACallMayPostAnother) {
  const Mailbox::Sender sender = mailbox_->sender();
  int made = 0;
  sender.Post([&] { sender.Post([&] { ++made; }); });
  while (made == 0) loop_->TurnOnce(/*block=*/true);
  EXPECT_EQ(made, 1);
}

TEST_F(MailboxTest, NothingIsCalledWhenItIsGone) {
  const Mailbox::Sender sender = mailbox_->sender();
  int made = 0;
  sender.Post([&] { ++made; });
  mailbox_.reset();
  sender.Post([&] { ++made; });
  loop_->TurnOnce(/*block=*/false);
  EXPECT_EQ(made, 0);
}

}  // namespace
}  // namespace holt::worker
