#include "worker/courier/courier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/ipc/counters.h"
#include "common/ipc/shared_memory.h"
#include "common/testing/status_matchers.h"
#include "worker/courier/testing/fake_admin_service.h"
#include "worker/courier/testing/test_journal.h"

namespace holt::worker {
namespace {

using internal::v1::KeyTableChange;

constexpr uint32_t kMaxKeys = 64;

KeyDigest Digest(char mark) {
  KeyDigest digest;
  digest.fill(static_cast<uint8_t>(mark));
  return digest;
}

KeyTableChange PutStep(uint64_t epoch, const internal::v1::Key& key) {
  KeyTableChange step;
  step.set_epoch(epoch);
  *step.mutable_put() = key;
  return step;
}

// A courier with everything around it that it would have on a node: a
// supervisor's end, a worker's view of the table, an admin-service.
class CourierTest : public testing::Test {
 protected:
  void SetUp() override {
    loop_ = *Loop::Create();
    table_fd_ = *MakeSharedMemory("table", KeyTableSize(kMaxKeys));
    table_.emplace(*KeyTableReader::Open(table_fd_.get(), kMaxKeys));
    StartAdmin();
    StartCourier();
  }
  void TearDown() override { courier_.reset(); }

  void StartAdmin() {
    admin_.reset();
    admin_ = std::make_unique<FakeAdminService>(ledger_);
  }

  // Starts one, or kills the one there is and starts another.
  void StartCourier() {
    courier_.reset();
    auto pair = *FrameChannel::MakePair();
    supervisor_ = FrameChannel(std::move(pair.first));
    Courier::Options options;
    options.supervisor = std::move(pair.second);
    options.key_table_fd = table_fd_.get();
    options.max_keys = kMaxKeys;
    options.settings.batch_interval = 1;
    options.settings.report_interval = 5;
    options.settings.poll_interval = 5;
    auto courier = Courier::Create(std::move(options), *loop_, Clock::Real());
    ASSERT_THAT(courier, IsOk());
    courier_ = *std::move(courier);
  }

  void Introduce(Introduction what, int fd, uint16_t index = 0,
                 uint16_t flags = 0) {
    struct Introduce frame;
    frame.what = what;
    frame.role = Role::kWorker;
    frame.index = index;
    frame.flags = flags;
    ASSERT_THAT(supervisor_.SendMessage(0, frame, fd), IsOk());
  }
  void ConnectAdmin() {
    const UniqueFd end = admin_->Connect();
    Introduce(Introduction::kAdminChannel, end.get());
  }
  void ConnectAdminWithKeys() {
    admin_->SendSnapshot(5, {TestKey('a', 1), TestKey('b', 2)});
    ConnectAdmin();
    Until([&] { return table_->epoch() == 5; });
  }

  // Turns the loop until `done`. Timers of a few milliseconds keep it turning;
  // only the test runner's limit ends a hopeless wait.
  void Until(const std::function<bool()>& done) {
    while (!done()) loop_->TurnOnce(/*block=*/true);
  }

  bool SupervisorHears(FrameType type) {
    ReceivedFrame frame;
    if (!supervisor_.Receive(frame).ok()) return false;
    return DecodeFrameHeader(frame.bytes())->type == type;
  }

  std::unique_ptr<Loop> loop_;
  UniqueFd table_fd_;
  std::optional<KeyTableReader> table_;
  FakeLedger ledger_;
  std::unique_ptr<FakeAdminService> admin_;
  FrameChannel supervisor_;
  std::unique_ptr<Courier> courier_;
};

TEST_F(CourierTest, BringsTheSnapshotIntoTheTableAndIsReadyThen) {
  EXPECT_FALSE(SupervisorHears(FrameType::kReady));
  ConnectAdminWithKeys();
  EXPECT_TRUE(SupervisorHears(FrameType::kReady));
  ASSERT_TRUE(table_->Find(Digest('a')).has_value());
  EXPECT_EQ(table_->Find(Digest('a'))->key_number, 1u);
  EXPECT_EQ(table_->settings().max_staleness_ms, 300'000u);
  EXPECT_GT(table_->confirmed_boot_nanos(), 0);
}

TEST_F(CourierTest, ARevocationReachesTheTable) {
  ConnectAdminWithKeys();
  internal::v1::Key revoked = TestKey('a', 1);
  revoked.set_state(internal::v1::KEY_STATE_REVOKED);
  admin_->Send(PutStep(6, revoked));
  Until([&] { return table_->epoch() == 6; });
  EXPECT_EQ(table_->Find(Digest('a'))->state, KeyState::kRevoked);
}

TEST_F(CourierTest, HeartbeatsKeepTheTableFresh) {
  ConnectAdminWithKeys();
  const int64_t before = table_->confirmed_boot_nanos();
  KeyTableChange heartbeat;
  heartbeat.set_epoch(5);
  heartbeat.mutable_heartbeat();
  admin_->Send(heartbeat);
  Until([&] { return table_->confirmed_boot_nanos() > before; });
}

TEST_F(CourierTest, AStreamThatEndsIsStartedAnew) {
  ConnectAdminWithKeys();
  admin_->EndStream();
  Until([&] { return admin_->streams() == 2; });
  admin_->SendSnapshot(7, {TestKey('a', 1)});
  Until([&] { return table_->epoch() == 7; });
  EXPECT_FALSE(table_->Find(Digest('b')).has_value());
}

TEST_F(CourierTest, AStreamThatLagsBehindTheEpochIsStartedAnew) {
  ConnectAdminWithKeys();
  admin_->SetEpoch(9);
  Until([&] { return admin_->streams() == 2; });
}

TEST_F(CourierTest, AnOlderEpochIsNeverApplied) {
  ConnectAdminWithKeys();
  admin_->EndStream();
  Until([&] { return admin_->streams() == 2; });
  admin_->SendSnapshot(4, {TestKey('c', 3)});
  Until([&] { return admin_->streams() == 3; });
  EXPECT_EQ(table_->epoch(), 5u);
  EXPECT_TRUE(table_->Find(Digest('a')).has_value());
  EXPECT_FALSE(table_->Find(Digest('c')).has_value());
}

TEST_F(CourierTest, KeysStayWhenTheAdminServiceDiesAndComeAnewAfterIt) {
  ConnectAdminWithKeys();
  StartAdmin();
  ConnectAdmin();
  EXPECT_TRUE(table_->Find(Digest('a')).has_value());
  admin_->SendSnapshot(8, {TestKey('d', 4)});
  Until([&] { return table_->epoch() == 8; });
  EXPECT_TRUE(table_->Find(Digest('d')).has_value());
  EXPECT_FALSE(table_->Find(Digest('a')).has_value());
}

TEST_F(CourierTest, ALaterCourierIsReadyAtOnceAndKeepsTheCells) {
  ConnectAdminWithKeys();
  const uint32_t cell = table_->Find(Digest('b'))->limiter_cell;
  EXPECT_NE(cell, table_->Find(Digest('a'))->limiter_cell);
  StartCourier();
  EXPECT_TRUE(SupervisorHears(FrameType::kReady));
  ConnectAdmin();
  Until([&] { return admin_->streams() == 2; });
  admin_->SendSnapshot(6, {TestKey('c', 3), TestKey('b', 2)});
  Until([&] { return table_->epoch() == 6; });
  EXPECT_EQ(table_->Find(Digest('b'))->limiter_cell, cell);
  EXPECT_NE(table_->Find(Digest('c'))->limiter_cell, cell);
}

TEST_F(CourierTest, UsageOfAllJournalsIsReportedAndAcknowledged) {
  const UniqueFd first = MakeTestJournal();
  const UniqueFd second = MakeTestJournal();
  JournalWriter writer = *JournalWriter::Open(first.get());
  JournalWriter other = *JournalWriter::Open(second.get());
  Append(writer, 1);
  Append(writer, 2);
  Append(other, 4);
  Introduce(Introduction::kJournal, first.get(), 0);
  Introduce(Introduction::kJournal, second.get(), 1);
  ConnectAdmin();
  Until([&] { return ledger_.size() == 3; });
  EXPECT_EQ(ledger_.prompt_tokens(), 7u);
  Until([&] { return JournalReader::Open(first.get())->acknowledged() == 2; });
}

TEST_F(CourierTest, ARequestThatStillRunsHoldsNothingUpButTheMark) {
  const UniqueFd file = MakeTestJournal();
  JournalWriter writer = *JournalWriter::Open(file.get());
  const uint64_t running = *writer.Reserve(TestUsage(0));
  Append(writer, 2);
  Introduce(Introduction::kJournal, file.get());
  ConnectAdmin();
  Until([&] { return ledger_.size() == 1; });
  writer.Commit(running, TestUsage(1));
  Until([&] { return JournalReader::Open(file.get())->acknowledged() == 2; });
  EXPECT_EQ(ledger_.prompt_tokens(), 3u);
  EXPECT_EQ(ledger_.repeated(), 0);
}

TEST_F(CourierTest, AReportWhoseAnswerIsLostCountsOnce) {
  const UniqueFd file = MakeTestJournal();
  JournalWriter writer = *JournalWriter::Open(file.get());
  Append(writer, 3);
  admin_->FailReports(grpc::StatusCode::UNAVAILABLE, 1, /*after_commit=*/true);
  Introduce(Introduction::kJournal, file.get());
  ConnectAdmin();
  Until([&] { return JournalReader::Open(file.get())->acknowledged() == 1; });
  EXPECT_EQ(ledger_.size(), 1u);
  EXPECT_EQ(ledger_.repeated(), 1);
}

TEST_F(CourierTest, UsageWaitsWhileTheAdminServiceIsAway) {
  const UniqueFd file = MakeTestJournal();
  JournalWriter writer = *JournalWriter::Open(file.get());
  Introduce(Introduction::kJournal, file.get());
  ConnectAdminWithKeys();
  admin_.reset();
  for (uint64_t i = 0; i < kTestJournalCapacity; ++i) Append(writer, 1);
  EXPECT_FALSE(writer.Reserve(TestUsage(0)).ok());
  StartAdmin();
  ConnectAdmin();
  Until([&] { return ledger_.size() == kTestJournalCapacity; });
  EXPECT_EQ(ledger_.prompt_tokens(), kTestJournalCapacity);
}

TEST_F(CourierTest, ACourierThatDiedReportsAgainAndItCountsOnce) {
  const UniqueFd file = MakeTestJournal();
  JournalWriter writer = *JournalWriter::Open(file.get());
  const uint64_t running = *writer.Reserve(TestUsage(0));
  Append(writer, 2);
  Introduce(Introduction::kJournal, file.get());
  ConnectAdmin();
  Until([&] { return ledger_.size() == 1; });
  StartCourier();
  writer.Commit(running, TestUsage(1));
  Introduce(Introduction::kJournal, file.get());
  ConnectAdmin();
  Until([&] { return JournalReader::Open(file.get())->acknowledged() == 2; });
  EXPECT_EQ(ledger_.size(), 2u);
  EXPECT_EQ(ledger_.prompt_tokens(), 3u);
}

TEST_F(CourierTest, AnOrphansOpenRecordsAreClosed) {
  const UniqueFd file = MakeTestJournal();
  JournalWriter writer = *JournalWriter::Open(file.get());
  ASSERT_THAT(writer.Reserve(TestUsage(5)), IsOk());
  Introduce(Introduction::kJournal, file.get(), 3, kJournalOrphan);
  ConnectAdmin();
  Until([&] { return ledger_.size() == 1; });
  EXPECT_EQ(ledger_.prompt_tokens(), 5u);
}

TEST_F(CourierTest, ABatchThatIsNeverTakenDoesNotHoldBackTheOthers) {
  const UniqueFd file = MakeTestJournal();
  JournalWriter writer = *JournalWriter::Open(file.get());
  Append(writer, 1);
  Append(writer, 2);
  // Batches shrink from 512 to 1 in nine steps; the tenth refusal is of the
  // first record alone.
  admin_->FailReports(grpc::StatusCode::INVALID_ARGUMENT, 10,
                      /*after_commit=*/false);
  Introduce(Introduction::kJournal, file.get());
  ConnectAdmin();
  Until([&] { return ledger_.size() == 2; });
  EXPECT_EQ(ledger_.count(internal::v1::RECORD_STATE_DAMAGED), 1);
  EXPECT_EQ(ledger_.prompt_tokens(), 2u);
}

TEST_F(CourierTest, AFileThatIsNoJournalIsLeftOut) {
  const UniqueFd nonsense = *MakeSharedMemory("nonsense", 4096);
  const UniqueFd file = MakeTestJournal();
  JournalWriter writer = *JournalWriter::Open(file.get());
  Append(writer, 1);
  Introduce(Introduction::kJournal, nonsense.get(), 0);
  Introduce(Introduction::kJournal, file.get(), 1);
  ConnectAdmin();
  Until([&] { return ledger_.size() == 1; });
}

TEST_F(CourierTest, CountersAndBacklogAreReported) {
  const UniqueFd page = *MakeSharedMemory("counters", kCountersSize);
  const Mapping mapping =
      *Mapping::Map(page.get(), kCountersSize, Mapping::Access::kReadWrite);
  reinterpret_cast<ChildCounters*>(mapping.data())->requests_finished = 42;
  const UniqueFd file = MakeTestJournal();
  Introduce(Introduction::kCounters, page.get(), 2);
  Introduce(Introduction::kJournal, file.get(), 2);
  ConnectAdminWithKeys();
  Until([&] { return admin_->last_node_report().key_epoch() == 5; });
  const internal::v1::ReportNodeRequest report = admin_->last_node_report();
  ASSERT_EQ(report.children_size(), 1);
  EXPECT_EQ(report.children(0).slot(), 2u);
  EXPECT_EQ(report.children(0).requests_finished(), 42u);
  ASSERT_EQ(report.journals_size(), 1);
  EXPECT_EQ(report.journals(0).capacity(), kTestJournalCapacity);
  EXPECT_EQ(report.key_count(), 2u);
}

TEST_F(CourierTest, DrainReportsWhatIsLeftAndStops) {
  const UniqueFd file = MakeTestJournal();
  JournalWriter writer = *JournalWriter::Open(file.get());
  Introduce(Introduction::kJournal, file.get());
  ConnectAdminWithKeys();
  for (int i = 0; i < 10; ++i) Append(writer, 1);
  Drain drain;
  drain.deadline_millis = 60'000;
  ASSERT_THAT(supervisor_.SendMessage(0, drain), IsOk());
  loop_->Run();
  EXPECT_THAT(courier_->result(), IsOk());
  EXPECT_EQ(ledger_.size(), 10u);
}

TEST_F(CourierTest, DrainEndsAtItsDeadlineWhenNobodyTakesTheUsage) {
  const UniqueFd file = MakeTestJournal();
  JournalWriter writer = *JournalWriter::Open(file.get());
  Append(writer, 1);
  Introduce(Introduction::kJournal, file.get());
  Drain drain;
  drain.deadline_millis = 1;
  ASSERT_THAT(supervisor_.SendMessage(0, drain), IsOk());
  loop_->Run();
  EXPECT_THAT(courier_->result(), IsOk());
  EXPECT_EQ(JournalReader::Open(file.get())->backlog(), 1u);
}

TEST_F(CourierTest, EndsWithItsSupervisor) {
  supervisor_.Close();
  loop_->Run();
  EXPECT_THAT(courier_->result(), StatusCodeIs(absl::StatusCode::kUnavailable));
}

TEST_F(CourierTest, AFrameThatIsNotForItEndsIt) {
  ASSERT_THAT(supervisor_.SendMessage(0, TicketKeysRequest{}), IsOk());
  loop_->Run();
  EXPECT_THAT(courier_->result(),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace holt::worker
