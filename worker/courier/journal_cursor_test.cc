#include "worker/courier/journal_cursor.h"

#include <gtest/gtest.h>

#include <vector>

#include "worker/courier/testing/test_journal.h"

namespace holt::worker {
namespace {

using internal::v1::JournalBatch;

class JournalCursorTest : public testing::Test {
 protected:
  // The sequences that would be sent now.
  std::vector<uint64_t> Collect(int most = 100) {
    batch_.Clear();
    cursor_.Collect(most, batch_);
    std::vector<uint64_t> sequences;
    for (const auto& record : batch_.records()) {
      sequences.push_back(record.sequence());
    }
    return sequences;
  }
  using Sequences = std::vector<uint64_t>;

  UniqueFd file_ = MakeTestJournal();
  JournalWriter writer_ = *JournalWriter::Open(file_.get());
  JournalCursor cursor_{*JournalReader::Open(file_.get())};
  JournalBatch batch_;
};

TEST_F(JournalCursorTest, ClosedRecordsGoOnceWhenTheySettle) {
  Append(writer_, 1);
  Append(writer_, 2);
  EXPECT_EQ(Collect(), (Sequences{0, 1}));
  EXPECT_EQ(batch_.records(1).usage().prompt_tokens(), 2u);
  cursor_.Settle();
  EXPECT_EQ(Collect(), Sequences{});
  EXPECT_EQ(batch_.acknowledged_below(), 2u);
}

TEST_F(JournalCursorTest, WhatDidNotArriveGoesAgain) {
  Append(writer_, 1);
  EXPECT_EQ(Collect(), Sequences{0});
  cursor_.Forget();
  EXPECT_EQ(cursor_.reader().acknowledged(), 0u);
  EXPECT_EQ(Collect(), Sequences{0});
}

TEST_F(JournalCursorTest, TheMarkWaitsForTheGapAndJumpsWhenItCloses) {
  const uint64_t running = *writer_.Reserve(TestUsage(0));
  Append(writer_, 1);
  Append(writer_, 2);
  EXPECT_EQ(Collect(), (Sequences{1, 2}));
  cursor_.Settle();
  EXPECT_EQ(cursor_.reader().acknowledged(), 0u);
  EXPECT_EQ(Collect(), Sequences{});
  writer_.Commit(running, TestUsage(3));
  EXPECT_EQ(Collect(), Sequences{0});
  cursor_.Settle();
  EXPECT_EQ(cursor_.reader().acknowledged(), 3u);
}

TEST_F(JournalCursorTest, TakesNoMoreThanItMay) {
  for (int i = 0; i < 5; ++i) Append(writer_, 1);
  EXPECT_EQ(Collect(2), (Sequences{0, 1}));
  cursor_.Settle();
  EXPECT_EQ(Collect(2), (Sequences{2, 3}));
  cursor_.Settle();
  EXPECT_EQ(Collect(2), Sequences{4});
}

TEST_F(JournalCursorTest, ReleasedRecordsGoWithoutUsage) {
  writer_.Release(*writer_.Reserve(TestUsage(9)));
  EXPECT_EQ(Collect(), Sequences{0});
  EXPECT_EQ(batch_.records(0).state(), internal::v1::RECORD_STATE_VOID);
  EXPECT_FALSE(batch_.records(0).has_usage());
}

TEST_F(JournalCursorTest, CondemnedRecordsGoAsDamaged) {
  Append(writer_, 1);
  EXPECT_EQ(Collect(), Sequences{0});
  cursor_.Condemn();
  EXPECT_EQ(Collect(), Sequences{0});
  EXPECT_EQ(batch_.records(0).state(), internal::v1::RECORD_STATE_DAMAGED);
  EXPECT_EQ(cursor_.damaged(), 1u);
  cursor_.Settle();
  EXPECT_EQ(cursor_.reader().acknowledged(), 1u);
}

TEST_F(JournalCursorTest, NumbersOutsideOfTheEnumerationsAreNotSent) {
  const uint64_t sequence = *writer_.Reserve(TestUsage(0));
  UsageValues values = TestUsage(1);
  values.endpoint = static_cast<Endpoint>(77);
  values.outcome = static_cast<UsageOutcome>(99);
  values.model[0] = '\n';
  writer_.Commit(sequence, values);
  EXPECT_EQ(Collect(), Sequences{0});
  const internal::v1::Usage& usage = batch_.records(0).usage();
  EXPECT_EQ(usage.endpoint(), internal::v1::ENDPOINT_OTHER);
  EXPECT_EQ(usage.outcome(), internal::v1::OUTCOME_UNSPECIFIED);
  EXPECT_EQ(usage.model(), "unknown");
}

TEST_F(JournalCursorTest, AJournalMayGoRoundManyTimes) {
  uint64_t reported = 0;
  for (int i = 0; i < 200; ++i) {
    Append(writer_, 1);
    if (i % 7 == 0) Append(writer_, 1);
    reported += Collect(3).size();
    cursor_.Settle();
  }
  reported += Collect().size();
  EXPECT_EQ(reported, 229u);
}

}  // namespace
}  // namespace holt::worker
