#include "common/ipc/usage_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <thread>

#include "common/testing/status_matchers.h"

namespace holt {
namespace {

using ReadResult = JournalReader::ReadResult;

constexpr uint32_t kCapacity = 8;
constexpr size_t kHeaderSize = 4096;
constexpr size_t kRecordSize = 192;

UniqueFd EmptyFile() {
  return UniqueFd(::memfd_create("journal", MFD_CLOEXEC));
}

UniqueFd NewJournal(uint32_t capacity = kCapacity) {
  UniqueFd file = EmptyFile();
  EXPECT_THAT(PrepareJournalFile(file.get(), capacity), IsOk());
  return file;
}

UsageValues Usage(uint64_t tokens) {
  UsageValues values{};
  values.key_number = 3;
  values.start_unix_us = 1'800'000'000'000'000;
  values.end_unix_us = values.start_unix_us + 5;
  values.prompt_tokens = tokens;
  values.outcome = UsageOutcome::kFinished;
  SetModel(values, "model-a");
  return values;
}

class UsageJournalTest : public testing::Test {
 protected:
  ReadResult Read(uint64_t sequence) { return reader_.Read(sequence, record_); }
  uint64_t Append(uint64_t tokens) {
    const uint64_t sequence = *writer_.Reserve(Usage(0));
    writer_.Commit(sequence, Usage(tokens));
    return sequence;
  }
  // What a dead worker's successor does.
  void Reopen() { writer_ = *JournalWriter::Open(file_.get()); }
  uint8_t* RecordBytes(uint64_t sequence) {
    mapping_ = *Mapping::Map(file_.get(), JournalFileSize(kCapacity),
                             Mapping::Access::kReadWrite);
    return mapping_.data() + kHeaderSize + sequence % kCapacity * kRecordSize;
  }

  UniqueFd file_ = NewJournal();
  JournalWriter writer_ = *JournalWriter::Open(file_.get());
  JournalReader reader_ = *JournalReader::Open(file_.get());
  JournalReader::Record record_;
  Mapping mapping_;
};

TEST_F(UsageJournalTest, ACommittedRecordIsReadAsItWas) {
  const uint64_t sequence = Append(41);
  ASSERT_EQ(Read(sequence), ReadResult::kRecord);
  EXPECT_EQ(record_.sequence, sequence);
  EXPECT_FALSE(record_.is_void);
  EXPECT_EQ(record_.values.prompt_tokens, 41u);
  EXPECT_EQ(ModelOf(record_.values), "model-a");
  EXPECT_EQ(Read(sequence + 1), ReadResult::kEnd);
}

TEST_F(UsageJournalTest, AReservedRecordIsOpenUntilItIsCommitted) {
  const uint64_t sequence = *writer_.Reserve(Usage(0));
  EXPECT_EQ(Read(sequence), ReadResult::kOpen);
  writer_.Update(sequence, Usage(1));
  EXPECT_EQ(Read(sequence), ReadResult::kOpen);
  EXPECT_EQ(writer_.open_records(), 1u);
  writer_.Commit(sequence, Usage(2));
  EXPECT_EQ(Read(sequence), ReadResult::kRecord);
  EXPECT_EQ(writer_.open_records(), 0u);
}

TEST_F(UsageJournalTest, AReleasedRecordIsVoid) {
  const uint64_t sequence = *writer_.Reserve(Usage(9));
  writer_.Release(sequence);
  ASSERT_EQ(Read(sequence), ReadResult::kRecord);
  EXPECT_TRUE(record_.is_void);
  EXPECT_EQ(record_.values.prompt_tokens, 0u);
}

TEST_F(UsageJournalTest, ARecordIsCommittedOnce) {
  const uint64_t sequence = Append(1);
  writer_.Commit(sequence, Usage(2));
  writer_.Update(sequence, Usage(3));
  writer_.Release(sequence);
  ASSERT_EQ(Read(sequence), ReadResult::kRecord);
  EXPECT_EQ(record_.values.prompt_tokens, 1u);
  EXPECT_EQ(writer_.open_records(), 0u);
}

TEST_F(UsageJournalTest, AFullJournalRefusesUntilRecordsAreAcknowledged) {
  for (uint32_t i = 0; i < kCapacity; ++i) Append(i);
  EXPECT_THAT(writer_.Reserve(Usage(0)),
              StatusCodeIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(reader_.backlog(), kCapacity);
  reader_.Acknowledge(3);
  EXPECT_EQ(reader_.backlog(), kCapacity - 3);
  EXPECT_EQ(Append(100), kCapacity);
  ASSERT_EQ(Read(kCapacity), ReadResult::kRecord);
  EXPECT_EQ(record_.values.prompt_tokens, 100u);
  EXPECT_EQ(Read(0), ReadResult::kEnd);
}

TEST_F(UsageJournalTest, TheMarkNeitherGoesBackNorBeyondWhatWasReserved) {
  Append(1);
  Append(2);
  reader_.Acknowledge(3);
  EXPECT_EQ(reader_.acknowledged(), 0u);
  reader_.Acknowledge(2);
  reader_.Acknowledge(1);
  EXPECT_EQ(reader_.acknowledged(), 2u);
  EXPECT_EQ(JournalReader::Open(file_.get())->acknowledged(), 2u);
}

TEST_F(UsageJournalTest, ASuccessorClosesWhatWasOpenWithTheCountsLastSeen) {
  const uint64_t sequence = *writer_.Reserve(Usage(0));
  writer_.Update(sequence, Usage(17));
  Reopen();
  ASSERT_EQ(Read(sequence), ReadResult::kRecord);
  EXPECT_EQ(record_.values.outcome, UsageOutcome::kRecovered);
  EXPECT_EQ(record_.values.prompt_tokens, 17u);
  EXPECT_EQ(ModelOf(record_.values), "model-a");
  EXPECT_EQ(*writer_.Reserve(Usage(0)), sequence + 1);
}

TEST_F(UsageJournalTest, AnOrphansOpenRecordsAreClosedByTheReader) {
  const uint64_t sequence = *writer_.Reserve(Usage(17));
  reader_.CloseReserved();
  ASSERT_EQ(Read(sequence), ReadResult::kRecord);
  EXPECT_EQ(record_.values.outcome, UsageOutcome::kRecovered);
}

TEST_F(UsageJournalTest, AnUpdateCutInTheMiddleKeepsTheCountsButNotTheModel) {
  const uint64_t sequence = *writer_.Reserve(Usage(5));
  // The values begin at byte 24: prompt_tokens at 24, the model at 80 of them.
  uint8_t* record = RecordBytes(sequence);
  record[24 + offsetof(UsageValues, prompt_tokens)] = 6;
  record[24 + offsetof(UsageValues, model)] = 'x';
  Reopen();
  ASSERT_EQ(Read(sequence), ReadResult::kRecord);
  EXPECT_EQ(record_.values.prompt_tokens, 6u);
  EXPECT_EQ(ModelOf(record_.values), "unknown");
}

TEST_F(UsageJournalTest, AChangedRecordIsDamaged) {
  const uint64_t sequence = Append(5);
  RecordBytes(sequence)[24 + offsetof(UsageValues, prompt_tokens)] ^= 1;
  EXPECT_EQ(Read(sequence), ReadResult::kDamaged);
}

TEST_F(UsageJournalTest, AnOpenRecordWithoutAKeyToChargeIsDamaged) {
  const uint64_t sequence = *writer_.Reserve(Usage(5));
  RecordBytes(sequence)[24 + offsetof(UsageValues, key_number)] ^= 1;
  Reopen();
  EXPECT_EQ(Read(sequence), ReadResult::kDamaged);
}

TEST_F(UsageJournalTest, ARecordOfAnotherJournalIsDamaged) {
  const UniqueFd other = NewJournal();
  JournalWriter writer = *JournalWriter::Open(other.get());
  Append(1);
  writer.Commit(*writer.Reserve(Usage(0)), Usage(1));
  const Mapping from = *Mapping::Map(other.get(), JournalFileSize(kCapacity),
                                     Mapping::Access::kReadOnly);
  std::memcpy(RecordBytes(0), from.data() + kHeaderSize, kRecordSize);
  EXPECT_EQ(Read(0), ReadResult::kDamaged);
}

// A courier that looks at any moment sees a record whole or not yet.
TEST_F(UsageJournalTest, ARecordIsWholeAsSoonAsItIsCommitted) {
  constexpr uint64_t kRecords = 20'000;
  std::thread worker([this] {
    for (uint64_t n = 0; n < kRecords;) {
      const auto sequence = writer_.Reserve(Usage(0));
      if (!sequence.ok()) continue;
      writer_.Commit(*sequence, Usage(++n));
    }
  });
  uint64_t read = 0;
  uint64_t damaged = 0;
  while (read < kRecords) {
    const ReadResult result = Read(read);
    if (result == ReadResult::kOpen || result == ReadResult::kEnd) continue;
    if (result == ReadResult::kDamaged || record_.values.prompt_tokens == 0) {
      ++damaged;
    }
    reader_.Acknowledge(++read);
  }
  worker.join();
  EXPECT_EQ(damaged, 0u);
}

// After a power failure: the record reached the disk, the header did not.
TEST_F(UsageJournalTest, ASequenceIsNotUsedAgainWhenTheHeaderIsOlder) {
  Append(1);
  RecordBytes(0);
  std::memset(mapping_.data() + 64, 0, sizeof(uint64_t));
  Reopen();
  EXPECT_EQ(*writer_.Reserve(Usage(0)), 1u);
  EXPECT_EQ(Read(0), ReadResult::kRecord);
}

TEST_F(UsageJournalTest, AHostileMarkDoesNotMoveTheWorker) {
  const uint64_t running = *writer_.Reserve(Usage(0));
  for (uint32_t i = 1; i < kCapacity; ++i) Append(i);
  RecordBytes(0);
  auto& mark = *reinterpret_cast<std::atomic<uint64_t>*>(mapping_.data() + 128);
  mark = ~uint64_t{0};
  EXPECT_FALSE(writer_.Reserve(Usage(0)).ok());
  // Also what still runs: its record is not overwritten.
  mark = kCapacity;
  EXPECT_FALSE(writer_.Reserve(Usage(0)).ok());
  writer_.Commit(running, Usage(1));
  EXPECT_TRUE(writer_.Reserve(Usage(0)).ok());
}

TEST_F(UsageJournalTest, AHostileWorkerDoesNotMoveTheReader) {
  Append(1);
  RecordBytes(0);
  auto& reserved =
      *reinterpret_cast<std::atomic<uint64_t>*>(mapping_.data() + 64);
  reserved = ~uint64_t{0};
  EXPECT_EQ(reader_.backlog(), kCapacity);
  EXPECT_EQ(Read(kCapacity), ReadResult::kEnd);
  EXPECT_EQ(Read(5), ReadResult::kDamaged);
  reserved = 0;
  EXPECT_EQ(reader_.backlog(), 0u);
  EXPECT_EQ(Read(0), ReadResult::kEnd);
}

TEST(PrepareJournalFileTest, LeavesAJournalAlone) {
  const UniqueFd file = NewJournal();
  const JournalId id = JournalReader::Open(file.get())->id();
  EXPECT_THAT(PrepareJournalFile(file.get(), kCapacity), IsOk());
  EXPECT_EQ(JournalReader::Open(file.get())->id(), id);
  EXPECT_NE(JournalReader::Open(NewJournal().get())->id(), id);
}

TEST(PrepareJournalFileTest, FinishesWhatADeadSupervisorBegan) {
  const UniqueFd file = EmptyFile();
  ASSERT_EQ(::ftruncate(file.get(), JournalFileSize(kCapacity)), 0);
  EXPECT_THAT(PrepareJournalFile(file.get(), kCapacity), IsOk());
  EXPECT_THAT(JournalReader::Open(file.get()), IsOk());
}

TEST(PrepareJournalFileTest, RefusesAFileWithSomethingElse) {
  const UniqueFd file = EmptyFile();
  ASSERT_EQ(::write(file.get(), "text", 4), 4);
  EXPECT_THAT(PrepareJournalFile(file.get(), kCapacity),
              StatusCodeIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(JournalWriter::Open(file.get()),
              StatusCodeIs(absl::StatusCode::kFailedPrecondition));
}

TEST(ModelTest, OnlyPermittedTextIsStored) {
  UsageValues values{};
  SetModel(values, "org/model-1.5:free@x+y_z");
  EXPECT_EQ(ModelOf(values), "org/model-1.5:free@x+y_z");
  for (const std::string& refused :
       {std::string(), std::string("a b"), std::string("m\n"),
        std::string(65, 'a'), std::string("\xc3\xa9")}) {
    SetModel(values, refused);
    EXPECT_EQ(ModelOf(values), "unknown");
  }
  values.model_size = 255;
  EXPECT_EQ(ModelOf(values), "unknown");
}

// ---- Killed at any moment.

constexpr uint32_t kKillCapacity = 1024;

// What the writer tells from beyond its grave, in memory of its own.
struct Tale {
  std::atomic<bool> writing;  // the writer of this round has its journal
  std::atomic<uint64_t> tokens[4 * kKillCapacity];  // by sequence; 0: none
};

UsageValues Running(uint64_t step) {
  UsageValues values = Usage(step);
  values.completion_tokens = step;
  return values;
}

// Reserves, updates and commits, one in four of the records left open, until it
// is killed.
[[noreturn]] void WriteUntilKilled(int fd, Tale& tale) {
  JournalWriter writer = *JournalWriter::Open(fd);
  tale.writing = true;
  for (uint64_t i = 0;; ++i) {
    const auto sequence = writer.Reserve(Running(0));
    if (!sequence.ok() || *sequence >= std::size(tale.tokens)) ::pause();
    for (uint64_t step = 1; step < 4; ++step) {
      writer.Update(*sequence, Running(step));
    }
    if (i % 4 == 3) continue;
    writer.Commit(*sequence, Running(100 + i));
    tale.tokens[*sequence] = 100 + i;
  }
}

// Starts a writer and kills it, after a while that differs each time.
void RunAndKill(int fd, Tale& tale, int round) {
  tale.writing = false;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) WriteUntilKilled(fd, tale);
  // One in four may die before it has begun; the others write first, however
  // long the machine takes to start them.
  while (round % 4 != 0 && !tale.writing) ::sched_yield();
  // Busy, so that the moment is not one the kernel chose.
  for (volatile int spin = 0; spin < round * 1777 % 100'000;) spin = spin + 1;
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST(JournalKillTest, EveryRecordIsReadExactlyOnceWhoeverIsKilled) {
  const UniqueFd file = NewJournal(kKillCapacity);
  void* shared = ::mmap(nullptr, sizeof(Tale), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  Tale& tale = *new (shared) Tale{};
  JournalReader reader = *JournalReader::Open(file.get());
  uint64_t next = 0;
  uint64_t recovered = 0;
  for (int round = 1; round <= 300 && next < kKillCapacity * 3; ++round) {
    RunAndKill(file.get(), tale, round);
    const JournalWriter successor = *JournalWriter::Open(file.get());
    JournalReader::Record record;
    for (;; ++next) {
      const ReadResult result = reader.Read(next, record);
      if (result == ReadResult::kEnd) break;
      ASSERT_EQ(result, ReadResult::kRecord) << "sequence " << next;
      const uint64_t told = tale.tokens[next];
      const UsageValues& values = record.values;
      if (values.outcome == UsageOutcome::kRecovered) {
        ++recovered;
        EXPECT_EQ(told, 0u);
        // Counts as last seen: each of a step that was made.
        EXPECT_LT(values.prompt_tokens, 100'000u);
      } else if (told != 0) {
        EXPECT_EQ(values.prompt_tokens, told);
        EXPECT_EQ(values.completion_tokens, told);
      } else {
        // Killed between the commit and telling of it.
        EXPECT_GE(values.prompt_tokens, 100u);
      }
    }
    reader.Acknowledge(next);
  }
  EXPECT_GT(next, 0u);
  EXPECT_GT(recovered, 0u);
  EXPECT_EQ(reader.backlog(), 0u);
  for (uint64_t n = next; n < std::size(tale.tokens); ++n) {
    EXPECT_EQ(tale.tokens[n], 0u) << "a committed record was not read";
  }
  ::munmap(shared, sizeof(Tale));
}

}  // namespace
}  // namespace holt
