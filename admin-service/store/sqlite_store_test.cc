#include "admin-service/store/sqlite_store.h"

#include <cap-ng.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "admin-service/store/migrations.h"
#include "common/base/check.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace holt::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kFile[] = "ledger.sqlite3";
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const Actor kActor = {"uid:1000"};

JournalName Journal(uint8_t name) {
  JournalName journal{};
  journal[0] = name;
  return journal;
}

KeyRecord NewKey(const std::string& id) {
  return {.key_id = id,
          .digest = Sha256(id),
          .hint = "abcd",
          .display_name = "Key " + id,
          .owner_kind = OwnerKind::kActivist,
          .create_time = kNow,
          .update_time = kNow};
}

PricedUsage Usage(uint64_t sequence, int64_t tokens,
                  absl::Time end_time = kNow) {
  return {.record = {.sequence = sequence,
                     .key_number = 1,
                     .model = "gpt-oss-120b",
                     .endpoint = 1,
                     .counts = {.requests = 1,
                                .prompt_tokens = tokens,
                                .total_tokens = tokens},
                     .http_status = 200,
                     .outcome = 1,
                     .start_time = end_time,
                     .end_time = end_time},
          .cost_pico = tokens * 5'000'000};
}

PricedUsage Void(uint64_t sequence) {
  PricedUsage usage = Usage(sequence, 0);
  usage.uncounted = Uncounted::kVoid;
  return usage;
}

// Each test in a folder of its own, which is its working directory.
class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "holt-XXXXXX").string();
    HOLT_CHECK(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    HOLT_CHECK(::chdir(folder_.c_str()) == 0);
  }
  ~SqliteStoreTest() override {
    store_ = nullptr;
    HOLT_CHECK(::chdir("/") == 0);
    std::filesystem::remove_all(folder_);
  }

  void Open(Database::Options options = {.name = kFile}) {
    store_ = nullptr;
    absl::StatusOr<std::unique_ptr<SqliteStore>> store =
        SqliteStore::Open(options, kNow);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  KeyChange Write(const KeyRecord& key) {
    absl::StatusOr<KeyChange> change =
        store_->WriteKeys({key}, "CreateApiKey", kActor, kNow);
    EXPECT_THAT(change, IsOk());
    return *std::move(change);
  }

  JournalResult Commit(std::vector<PricedUsage> entries,
                       uint64_t acknowledged_below = 0) {
    const JournalBatch batch = {.journal = Journal(1),
                                .acknowledged_below = acknowledged_below,
                                .entries = std::move(entries)};
    absl::StatusOr<std::vector<JournalResult>> results =
        store_->CommitUsage({batch}, kNow);
    EXPECT_THAT(results, IsOk());
    return results->front();
  }

  UsageSum Total(const UsageFilter& filter = {}) {
    const absl::StatusOr<std::vector<UsageSum>> sums =
        store_->SumUsage(filter, {});
    EXPECT_THAT(sums, IsOk());
    return sums->empty() ? UsageSum{} : sums->front();
  }

  // Runs SQL past the store, as somebody with the file would.
  static void Tamper(const char* sql) {
    sqlite3* connection = nullptr;
    ASSERT_EQ(sqlite3_open(kFile, &connection), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(connection, sql, nullptr, nullptr, nullptr),
              SQLITE_OK)
        << sqlite3_errmsg(connection);
    sqlite3_close(connection);
  }

  std::string folder_;
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(SqliteStoreTest, KeyComesBackAsItWasWritten) {
  Open();
  KeyRecord key = NewKey("key_1");
  key.expire_time = kNow + absl::Hours(1);
  key.requests_per_window = 7;
  key.number = Write(key).keys.front().number;
  Open();
  const absl::StatusOr<KeyRecord> found = store_->FindKey("key_1");
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(*found, key);
}

TEST_F(SqliteStoreTest, SecondKeyOfADigestIsRefusedWhole) {
  Open();
  Write(NewKey("key_1"));
  KeyRecord twin = NewKey("key_2");
  twin.digest = Sha256("key_1");
  EXPECT_THAT(store_->WriteKeys({NewKey("key_3"), twin}, "Sync", kActor, kNow),
              StatusCodeIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(*store_->AllKeys(), SizeIs(1));
}

TEST_F(SqliteStoreTest, EveryChangeMakesAGreaterEpoch) {
  Open();
  const uint64_t first = Write(NewKey("key_1")).epoch;
  const uint64_t second = Write(NewKey("key_2")).epoch;
  EXPECT_GT(second, first);
  EXPECT_GT(*store_->AdvanceEpoch(kNow), second);
}

TEST_F(SqliteStoreTest, LedgerSetBackStillMakesAGreaterEpoch) {
  Open();
  const uint64_t before = *store_->AdvanceEpoch(kNow);
  store_ = nullptr;
  Tamper("UPDATE meta SET value = 0 WHERE name = 'key_epoch'");
  Open();
  EXPECT_GT(*store_->AdvanceEpoch(kNow + absl::Seconds(1)), before);
}

TEST_F(SqliteStoreTest, RevokedKeyIsNoLiveKey) {
  Open();
  KeyRecord key = Write(NewKey("key_1")).keys.front();
  key.state = KeyState::kRevoked;
  key.revoke_time = kNow;
  Write(key);
  EXPECT_THAT(store_->LiveKeys()->keys, IsEmpty());
  EXPECT_THAT(*store_->AllKeys(), ElementsAre(key));
}

TEST_F(SqliteStoreTest, RecordCountsOnceHoweverOftenItIsSent) {
  Open();
  Write(NewKey("key_1"));
  EXPECT_EQ(Commit({Usage(0, 54)}).committed, 1);
  const JournalResult again = Commit({Usage(0, 54)});
  EXPECT_EQ(again.duplicates, 1);
  EXPECT_EQ(again.conflicts, 0);
  EXPECT_EQ(Total().counts.requests, 1);
  EXPECT_EQ(Total().cost_pico, 270'000'000);
}

TEST_F(SqliteStoreTest, SameSequenceWithOtherUsageIsAConflictAndCountsOnce) {
  Open();
  Write(NewKey("key_1"));
  Commit({Usage(0, 54)});
  EXPECT_EQ(Commit({Usage(0, 55)}).conflicts, 1);
  EXPECT_EQ(Total().counts.total_tokens, 54);
}

TEST_F(SqliteStoreTest, MarkWaitsForTheRequestThatStillRuns) {
  Open();
  Write(NewKey("key_1"));
  EXPECT_EQ(Commit({Usage(0, 1), Usage(2, 1), Void(3)}).settled_below, 1);
  EXPECT_EQ(Commit({Usage(1, 1)}).settled_below, 4);
}

TEST_F(SqliteStoreTest, VoidBelowTheMarkStaysSettled) {
  Open();
  Write(NewKey("key_1"));
  Commit({Void(0)});
  EXPECT_EQ(Commit({Usage(0, 54)}).duplicates, 1);
  EXPECT_EQ(Total().counts.requests, 0);
}

TEST_F(SqliteStoreTest, LedgerThatWasSetBackSaysWhatItLost) {
  Open();
  Write(NewKey("key_1"));
  const JournalResult result = Commit({Usage(10, 1)}, 10);
  EXPECT_EQ(result.lost, 10);
  EXPECT_EQ(result.settled_below, 11);
  EXPECT_EQ(Commit({Usage(11, 1)}, 11).lost, 0);
}

TEST_F(SqliteStoreTest, UsageOfAnUnknownKeyIsRefusedAndSettled) {
  Open();
  const JournalResult result = Commit({Usage(0, 54)});
  EXPECT_EQ(result.refused, 1);
  EXPECT_EQ(result.settled_below, 1);
  EXPECT_EQ(Total().counts.requests, 0);
}

TEST_F(SqliteStoreTest, JournalsDoNotShareSequences) {
  Open();
  Write(NewKey("key_1"));
  const std::vector<JournalBatch> batches = {
      {.journal = Journal(1), .entries = {Usage(0, 1)}},
      {.journal = Journal(2), .entries = {Usage(0, 2)}}};
  ASSERT_THAT(store_->CommitUsage(batches, kNow), IsOk());
  EXPECT_EQ(Total().counts.total_tokens, 3);
}

struct RangeCase {
  const char* name;
  absl::Duration start;
  absl::Duration end;
  int64_t tokens;
};

class UsageRangeTest : public SqliteStoreTest,
                       public testing::WithParamInterface<RangeCase> {};

// One record per minute of two hours, with the minute as its tokens: the sum of
// a range tells exactly which records it has.
TEST_P(UsageRangeTest, HasItsStartAndNotItsEnd) {
  Open();
  Write(NewKey("key_1"));
  const absl::Time origin = absl::FromUnixSeconds(1'800'000'000 / 3600 * 3600);
  std::vector<PricedUsage> entries;
  for (int minute = 0; minute < 120; ++minute) {
    entries.push_back(Usage(static_cast<uint64_t>(minute), minute,
                            origin + absl::Minutes(minute)));
  }
  Commit(std::move(entries));
  EXPECT_EQ(Total({.start = origin + GetParam().start,
                   .end = origin + GetParam().end})
                .counts.total_tokens,
            GetParam().tokens);
}

INSTANTIATE_TEST_SUITE_P(
    Ranges, UsageRangeTest,
    testing::Values(
        RangeCase{"WholeQuarters", absl::Minutes(15), absl::Minutes(45), 885},
        RangeCase{"WithinOneQuarter", absl::Minutes(3), absl::Minutes(5), 7},
        RangeCase{"AcrossOneEdge", absl::Minutes(14), absl::Minutes(16), 29},
        RangeCase{"RaggedEnds", absl::Minutes(10), absl::Minutes(50), 1180},
        RangeCase{"Everything", absl::Minutes(0), absl::Minutes(120), 7140},
        RangeCase{"Nothing", absl::Minutes(7), absl::Minutes(7), 0},
        RangeCase{"Backwards", absl::Minutes(9), absl::Minutes(7), 0}),
    [](const auto& param_info) { return param_info.param.name; });

TEST_F(SqliteStoreTest, SumsBeyond64BitsAreExact) {
  Open();
  Write(NewKey("key_1"));
  constexpr int64_t kNearlyAll = 9'000'000'000'000'000'001;
  PricedUsage first = Usage(0, 1);
  PricedUsage second = Usage(1, 1);
  first.cost_pico = kNearlyAll;
  second.cost_pico = kNearlyAll;
  Commit({first, second});
  EXPECT_EQ(Total().cost_pico, absl::int128(kNearlyAll) * 2);
}

TEST_F(SqliteStoreTest, AuditTrailHoldsUntilARowIsChanged) {
  Open();
  Write(NewKey("key_1"));
  Write(NewKey("key_2"));
  EXPECT_THAT(store_->VerifyAudit(), IsOk());
  store_ = nullptr;
  Tamper(
      "DROP TRIGGER audit_rows_are_final;"
      "UPDATE audit SET actor = 'uid:0' WHERE number = 1");
  Open();
  EXPECT_THAT(store_->VerifyAudit(), StatusIs(absl::StatusCode::kDataLoss,
                                              testing::HasSubstr("at row 1")));
}

TEST_F(SqliteStoreTest, AuditRowThatWasTakenOutIsMissed) {
  Open();
  Write(NewKey("key_1"));
  Write(NewKey("key_2"));
  store_ = nullptr;
  Tamper("DROP TRIGGER audit_rows_stay; DELETE FROM audit WHERE number = 1");
  Open();
  EXPECT_THAT(store_->VerifyAudit(), StatusCodeIs(absl::StatusCode::kDataLoss));
}

TEST_F(SqliteStoreTest, FullDiskIsUnavailableAndChangesNothing) {
  Open();
  Write(NewKey("key_1"));
  Open({.name = kFile, .max_pages = 1});
  std::vector<PricedUsage> entries;
  for (uint64_t i = 0; i < 512; ++i) entries.push_back(Usage(i, 1));
  const JournalBatch batch = {.journal = Journal(1), .entries = entries};
  EXPECT_THAT(store_->CommitUsage({batch}, kNow),
              StatusCodeIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(Total().counts.requests, 0);
  Open();
  EXPECT_EQ(Commit(entries).committed, 512) << "the same batch comes again";
}

TEST_F(SqliteStoreTest, LockedLedgerIsUnavailable) {
  Open({.name = kFile, .busy_timeout = absl::Milliseconds(1)});
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(kFile, &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr),
            SQLITE_OK);
  EXPECT_THAT(store_->WriteKeys({NewKey("key_1")}, "Create", kActor, kNow),
              StatusCodeIs(absl::StatusCode::kUnavailable));
  sqlite3_close(other);
  EXPECT_THAT(store_->WriteKeys({NewKey("key_1")}, "Create", kActor, kNow),
              IsOk());
}

TEST_F(SqliteStoreTest, DamagedFileIsNotOpened) {
  Open();
  store_ = nullptr;
  const int fd = ::open(kFile, O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  const std::string garbage(4096, 'x');
  ASSERT_EQ(::pwrite(fd, garbage.data(), garbage.size(), 0),
            static_cast<ssize_t>(garbage.size()));
  ::close(fd);
  EXPECT_THAT(SqliteStore::Open({.name = kFile}, kNow),
              StatusCodeIs(absl::StatusCode::kDataLoss));
}

TEST_F(SqliteStoreTest, LedgerOfANewerProgramIsRefused) {
  Open();
  store_ = nullptr;
  Tamper("INSERT INTO schema_versions VALUES (1000, 0)");
  EXPECT_THAT(SqliteStore::Open({.name = kFile}, kNow),
              StatusCodeIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(SqliteStoreTest, FileIsForItsOwnerOnlyUnderOurUmask) {
  ::umask(0077);
  Open();
  const auto permissions = std::filesystem::status(kFile).permissions();
  EXPECT_EQ(permissions, std::filesystem::perms::owner_read |
                             std::filesystem::perms::owner_write);
}

// The folder above is closed to the process, as /root is to a child of the
// supervisor: an absolute name would not open.
TEST_F(SqliteStoreTest, OpensBelowAFolderItCannotPassThrough) {
  std::filesystem::create_directories("closed/state");
  const std::string absolute = folder_ + "/closed/state";
  const pid_t child = ::fork();
  if (child == 0) {
    capng_clear(CAPNG_SELECT_BOTH);
    const bool enclosed = ::chdir("closed/state") == 0 &&
                          ::chmod("..", 0) == 0 &&
                          capng_apply(CAPNG_SELECT_CAPS) == 0 &&
                          ::access(absolute.c_str(), F_OK) != 0;
    if (!enclosed) ::_exit(2);
    ::_exit(SqliteStore::Open({.name = kFile}, kNow).ok() ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(::chmod("closed", 0700), 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// A child commits records one by one, tells each sequence after its commit, and
// is killed at some point: everything it told is there.
TEST_F(SqliteStoreTest, CommittedRecordsSurviveAKill) {
  Open();
  Write(NewKey("key_1"));
  store_ = nullptr;
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = SqliteStore::Open({.name = kFile}, kNow);
    for (uint8_t n = 0; store.ok(); ++n) {
      const JournalBatch batch = {.journal = Journal(1),
                                  .entries = {Usage(n, 1)}};
      if (!(*store)->CommitUsage({batch}, kNow).ok()) ::_exit(1);
      if (::write(ends[1], &n, 1) != 1) ::_exit(1);
    }
    ::_exit(1);
  }
  uint8_t told = 0;
  for (int i = 0; i < 20; ++i) ASSERT_EQ(::read(ends[0], &told, 1), 1);
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  ::close(ends[1]);
  while (::read(ends[0], &told, 1) == 1) {
  }
  ::close(ends[0]);
  Open();
  EXPECT_GE(Total().counts.requests, told + 1);
}

TEST_F(SqliteStoreTest, PricesComeBackOldestFirst) {
  Open();
  const std::vector<PriceRecord> prices = {
      {.model = "*", .prompt_micros_per_million = 5'000'000},
      {.model = "a", .effective_time = kNow, .retired = true}};
  ASSERT_THAT(store_->AddPrices(prices, kActor, kNow), IsOk());
  const absl::StatusOr<std::vector<PriceRecord>> found = store_->Prices();
  ASSERT_THAT(found, IsOk());
  ASSERT_THAT(*found, SizeIs(2));
  EXPECT_EQ((*found)[0].effective_time, absl::InfinitePast());
  EXPECT_EQ((*found)[0].prompt_micros_per_million, 5'000'000);
  EXPECT_TRUE((*found)[1].retired);
}

class MigrationTest : public SqliteStoreTest {
 protected:
  std::unique_ptr<Database> OpenDatabase() {
    return *std::move(Database::Open({.name = kFile}));
  }
};

constexpr const char* kSteps[] = {"CREATE TABLE a (x INTEGER)",
                                  "ALTER TABLE a ADD COLUMN y INTEGER"};

TEST_F(MigrationTest, OnlyMissingStepsRun) {
  const std::unique_ptr<Database> database = OpenDatabase();
  EXPECT_EQ(*Migrate(*database, absl::MakeConstSpan(kSteps, 1), kNow), 1);
  ASSERT_THAT(database->Execute("INSERT INTO a VALUES (7)"), IsOk());
  EXPECT_EQ(*Migrate(*database, kSteps, kNow), 2);
  EXPECT_EQ(*Migrate(*database, kSteps, kNow), 2);
  absl::StatusOr<Statement> query = database->Prepare("SELECT x, y FROM a");
  ASSERT_THAT(query, IsOk());
  ASSERT_TRUE(*query->Step());
  EXPECT_EQ(query->Integer(0), 7);
}

TEST_F(MigrationTest, StepThatFailsLeavesTheVersionBeforeIt) {
  const std::unique_ptr<Database> database = OpenDatabase();
  constexpr const char* kBroken[] = {
      kSteps[0], "CREATE TABLE b (x INTEGER); THIS IS NO SQL"};
  EXPECT_FALSE(Migrate(*database, kBroken, kNow).ok());
  EXPECT_FALSE(database->Execute("SELECT * FROM b").ok());
  EXPECT_EQ(*Migrate(*database, kSteps, kNow), 2);
}

}  // namespace
}  // namespace holt::admin
