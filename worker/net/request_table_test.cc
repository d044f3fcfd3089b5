#include "worker/net/request_table.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "common/testing/status_matchers.h"
#include "worker/net/testing/sockets.h"

namespace holt::worker {
namespace {

class RequestTableTest : public testing::Test {
 protected:
  using Table = RequestTable<int>;
  void Make(absl::Duration timeout) {
    table_ = std::make_unique<Table>(*loop_, timeout);
  }
  uint64_t Add() {
    return table_->Add([this](absl::StatusOr<int> reply) {
      replies_.push_back(std::move(reply));
    });
  }
  std::unique_ptr<Loop> loop_ = *Loop::Create();
  std::unique_ptr<Table> table_;
  std::vector<absl::StatusOr<int>> replies_;
};

TEST_F(RequestTableTest, AnAnswerFindsItsRequestOnce) {
  Make(absl::Seconds(3600));
  const uint64_t first = Add();
  const uint64_t second = Add();
  EXPECT_NE(first, 0u);
  EXPECT_LT(first, second);
  EXPECT_TRUE(table_->Answer(second, 2));
  EXPECT_FALSE(table_->Answer(second, 2));
  EXPECT_FALSE(table_->Answer(0, 0));
  ASSERT_EQ(replies_.size(), 1u);
  EXPECT_EQ(*replies_[0], 2);
  EXPECT_TRUE(table_->Contains(first));
}

TEST_F(RequestTableTest, RequestsRunOutOfTimeInTheirOrder) {
  Make(absl::Milliseconds(1));
  const uint64_t answered = Add();
  Add();
  Add();
  table_->Answer(answered, 1);
  TurnUntil(*loop_, [this] { return replies_.size() == 3; });
  EXPECT_THAT(replies_[1], StatusCodeIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(replies_[2], StatusCodeIs(absl::StatusCode::kDeadlineExceeded));
  // And so does one that comes after the table was empty.
  Add();
  TurnUntil(*loop_, [this] { return replies_.size() == 4; });
}

TEST_F(RequestTableTest, CancelledRequestsStaySilent) {
  Make(absl::Milliseconds(1));
  table_->Cancel(Add());
  Add();
  TurnUntil(*loop_, [this] { return !replies_.empty(); });
  EXPECT_EQ(replies_.size(), 1u);
}

TEST_F(RequestTableTest, FailingOlderOnesLeavesTheOthers) {
  Make(absl::Seconds(3600));
  Add();
  const uint64_t kept = Add();
  table_->FailOlder(kept, absl::UnavailableError("gone"));
  ASSERT_EQ(replies_.size(), 1u);
  EXPECT_THAT(replies_[0], StatusCodeIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(table_->Contains(kept));
}

TEST_F(RequestTableTest, WhatACallbackAddsIsNotFailedWithTheRest) {
  Make(absl::Seconds(3600));
  std::optional<uint64_t> added;
  table_->Add([&](absl::StatusOr<int>) { added = Add(); });
  table_->FailAll(absl::UnavailableError("gone"));
  ASSERT_TRUE(added.has_value());
  EXPECT_TRUE(table_->Contains(*added));
  EXPECT_TRUE(replies_.empty());
}

}  // namespace
}  // namespace holt::worker
