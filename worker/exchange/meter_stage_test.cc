#include "worker/exchange/meter_stage.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <memory>

#include "common/testing/status_matchers.h"

namespace holt::worker {
namespace {

constexpr uint32_t kCapacity = 8;

class MeterStageTest : public testing::Test {
 protected:
  void SetUp() override {
    file_ = UniqueFd(::memfd_create("journal", MFD_CLOEXEC));
    ASSERT_THAT(PrepareJournalFile(file_.get(), kCapacity), IsOk());
    auto writer = JournalWriter::Open(file_.get());
    ASSERT_THAT(writer, IsOk());
    writer_ = std::make_unique<JournalWriter>(*std::move(writer));
    auto reader = JournalReader::Open(file_.get());
    ASSERT_THAT(reader, IsOk());
    reader_ = std::make_unique<JournalReader>(*std::move(reader));
  }

  JournalReader::ReadResult Read(JournalReader::Record& record) {
    return reader_->Read(0, record);
  }

  UsageReading Tokens(uint64_t prompt, uint64_t completion) {
    UsageReading reading;
    reading.state = UsageState::kReadable;
    reading.usage.prompt = prompt;
    reading.usage.completion = completion;
    reading.usage.total = prompt + completion;
    return reading;
  }

  UniqueFd file_;
  FakeClock clock_;
  std::unique_ptr<JournalWriter> writer_;
  std::unique_ptr<JournalReader> reader_;
};

const MeterStage::Request kRequest = {7, Endpoint::kChatCompletions,
                                      "asked-model", false};

TEST_F(MeterStageTest, AFinishedAnswerIsOnRecordWithItsCounts) {
  MeterStage meter(*writer_, clock_);
  ASSERT_THAT(meter.Open(kRequest), IsOk());
  meter.SetStatus(200);
  meter.Observe(Tokens(40, 14), "answered-model");
  meter.Close(UsageOutcome::kFinished);
  JournalReader::Record record;
  ASSERT_EQ(Read(record), JournalReader::ReadResult::kRecord);
  EXPECT_EQ(record.values.key_number, 7u);
  EXPECT_EQ(record.values.prompt_tokens, 40u);
  EXPECT_EQ(record.values.completion_tokens, 14u);
  EXPECT_EQ(record.values.total_tokens, 54u);
  EXPECT_EQ(record.values.outcome, UsageOutcome::kFinished);
  EXPECT_EQ(ModelOf(record.values), "answered-model");
}

TEST_F(MeterStageTest, TheModelAskedForCountsWhenTheAnswerNamesNone) {
  MeterStage meter(*writer_, clock_);
  ASSERT_THAT(meter.Open(kRequest), IsOk());
  meter.SetStatus(200);
  meter.Close(UsageOutcome::kFinished);
  JournalReader::Record record;
  ASSERT_EQ(Read(record), JournalReader::ReadResult::kRecord);
  EXPECT_EQ(ModelOf(record.values), "asked-model");
}

TEST_F(MeterStageTest, AModelTheUpstreamRefusedNeverReachesTheJournal) {
  MeterStage meter(*writer_, clock_);
  ASSERT_THAT(meter.Open(kRequest), IsOk());
  meter.SetStatus(404);
  meter.Close(UsageOutcome::kFinished);
  JournalReader::Record record;
  ASSERT_EQ(Read(record), JournalReader::ReadResult::kRecord);
  EXPECT_EQ(ModelOf(record.values), "unknown");
  EXPECT_EQ(record.values.http_status, 404);
}

TEST_F(MeterStageTest, TheLastUsageCounts) {
  MeterStage meter(*writer_, clock_);
  ASSERT_THAT(meter.Open(kRequest), IsOk());
  meter.Observe(Tokens(40, 1), "m");
  meter.Observe(Tokens(40, 2), "m");
  meter.Close(UsageOutcome::kAborted);
  JournalReader::Record record;
  ASSERT_EQ(Read(record), JournalReader::ReadResult::kRecord);
  EXPECT_EQ(record.values.completion_tokens, 2u);
  EXPECT_EQ(record.values.outcome, UsageOutcome::kAborted);
}

TEST_F(MeterStageTest, WhatNeverWentUpstreamIsVoid) {
  MeterStage meter(*writer_, clock_);
  ASSERT_THAT(meter.Open(kRequest), IsOk());
  meter.TakeBack();
  JournalReader::Record record;
  ASSERT_EQ(Read(record), JournalReader::ReadResult::kRecord);
  EXPECT_TRUE(record.is_void);
}

TEST_F(MeterStageTest, ARecordNobodyClosedIsClosedAsCut) {
  {
    MeterStage meter(*writer_, clock_);
    ASSERT_THAT(meter.Open(kRequest), IsOk());
  }
  JournalReader::Record record;
  ASSERT_EQ(Read(record), JournalReader::ReadResult::kRecord);
  EXPECT_EQ(record.values.outcome, UsageOutcome::kCut);
}

TEST_F(MeterStageTest, AFullJournalRefuses) {
  for (uint32_t i = 0; i < kCapacity; ++i) {
    MeterStage meter(*writer_, clock_);
    ASSERT_THAT(meter.Open(kRequest), IsOk());
  }
  MeterStage meter(*writer_, clock_);
  EXPECT_THAT(meter.Open(kRequest),
              StatusCodeIs(absl::StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace holt::worker
