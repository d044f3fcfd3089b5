#include "common/ipc/key_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <set>
#include <string>
#include <thread>

#include "common/testing/status_matchers.h"

namespace holt {
namespace {

constexpr uint32_t kMaxKeys = 48;

KeyDigest Digest(uint32_t number) {
  KeyDigest digest{};
  std::memcpy(digest.data(), &number, sizeof(number));
  return digest;
}

KeyPolicy Policy(uint64_t number) {
  KeyPolicy policy{};
  policy.key_number = number;
  std::strcpy(policy.key_id, "key_1");
  policy.state = KeyState::kActive;
  return policy;
}

class KeyTableTest : public testing::Test {
 protected:
  KeyTableWriter OpenWriter() {
    return *KeyTableWriter::Open(fd_.get(), kMaxKeys);
  }
  void Put(uint32_t number) {
    ASSERT_THAT(writer_.Put(Digest(number), Policy(number)), IsOk());
  }
  // What is found, by number, of the first `count`.
  std::set<uint32_t> Found(uint32_t count) {
    std::set<uint32_t> found;
    for (uint32_t i = 1; i <= count; ++i) {
      const auto policy = reader_.Find(Digest(i));
      if (policy.has_value() && policy->key_number == i) found.insert(i);
    }
    return found;
  }
  // As if the courier had died inside every entry: their locks' versions are
  // odd.
  void TearEveryUsedEntry() {
    const Mapping mapping = *Mapping::Map(fd_.get(), KeyTableSize(kMaxKeys),
                                          Mapping::Access::kReadWrite);
    // 128 slots for 48 keys, a bit for each before the entries.
    constexpr size_t kHeader = 4096 + 128 / 8, kEntry = 256;
    for (size_t at = kHeader; at < mapping.size(); at += kEntry) {
      auto& version =
          *reinterpret_cast<std::atomic<uint64_t>*>(mapping.data() + at);
      if (version != 0) ++version;
    }
  }

  UniqueFd fd_ = *MakeSharedMemory("key-table", KeyTableSize(kMaxKeys));
  KeyTableWriter writer_ = OpenWriter();
  KeyTableReader reader_ = *KeyTableReader::Open(fd_.get(), kMaxKeys);
};

TEST_F(KeyTableTest, UnknownDigestIsNotFound) {
  Put(1);
  EXPECT_FALSE(reader_.Find(Digest(2)).has_value());
}

TEST_F(KeyTableTest, ReplacedPolicyIsSeenAtOnce) {
  Put(1);
  KeyPolicy policy = Policy(1);
  policy.state = KeyState::kRevoked;
  ASSERT_THAT(writer_.Put(Digest(1), policy), IsOk());
  EXPECT_EQ(reader_.Find(Digest(1))->state, KeyState::kRevoked);
  EXPECT_EQ(writer_.size(), 1u);
}

TEST_F(KeyTableTest, AFullTableRefusesNewKeysAndStillReplaces) {
  for (uint32_t i = 1; i <= kMaxKeys; ++i) Put(i);
  EXPECT_THAT(writer_.Put(Digest(1000), Policy(1000)),
              StatusCodeIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(writer_.Put(Digest(5), Policy(5)), IsOk());
  EXPECT_EQ(Found(kMaxKeys).size(), kMaxKeys);
}

TEST_F(KeyTableTest, RemovingAKeyLeavesTheOthersFindable) {
  for (uint32_t i = 1; i <= kMaxKeys; ++i) Put(i);
  for (uint32_t i = 1; i <= kMaxKeys; i += 2) writer_.Remove(Digest(i));
  const std::set<uint32_t> found = Found(kMaxKeys);
  EXPECT_EQ(found.size(), kMaxKeys / 2);
  for (const uint32_t number : found) EXPECT_EQ(number % 2, 0u);
}

TEST_F(KeyTableTest, ManyKeysMayComeAndGo) {
  for (uint32_t i = 1; i <= 5000; ++i) {
    Put(i);
    if (i > kMaxKeys / 2) writer_.Remove(Digest(i - kMaxKeys / 2));
  }
  EXPECT_EQ(Found(5000).size(), kMaxKeys / 2);
}

TEST_F(KeyTableTest, KeysThatAreNotInASnapshotAreGoneAtItsEnd) {
  Put(1);
  Put(2);
  writer_.BeginSnapshot();
  Put(2);
  Put(3);
  EXPECT_EQ(Found(3), (std::set<uint32_t>{1, 2, 3}));
  writer_.EndSnapshot();
  EXPECT_EQ(Found(3), (std::set<uint32_t>{2, 3}));
  EXPECT_EQ(writer_.size(), 2u);
}

TEST_F(KeyTableTest, EpochNeverGoesBack) {
  ASSERT_THAT(writer_.Confirm(5, 100), IsOk());
  EXPECT_THAT(writer_.Confirm(4, 200),
              StatusCodeIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(reader_.epoch(), 5u);
  EXPECT_EQ(reader_.confirmed_boot_nanos(), 100);
}

TEST_F(KeyTableTest, SettingsAreSeenAtOnce) {
  EXPECT_EQ(reader_.settings().max_staleness_ms, 0u);
  for (uint32_t i = 1; i <= 3; ++i) {
    writer_.SetSettings({.global_requests = i, .max_staleness_ms = 10 * i});
    EXPECT_EQ(reader_.settings().global_requests, i);
    EXPECT_EQ(reader_.settings().max_staleness_ms, 10 * i);
  }
}

TEST_F(KeyTableTest, ALaterCourierTakesOverWhatIsThere) {
  Put(1);
  ASSERT_THAT(writer_.Confirm(9, 1), IsOk());
  writer_ = OpenWriter();
  EXPECT_EQ(writer_.size(), 1u);
  EXPECT_EQ(writer_.epoch(), 9u);
  EXPECT_EQ(Found(1).size(), 1u);
}

TEST_F(KeyTableTest, AnEntryTheCourierDiedInIsUnknownUntilItIsRepaired) {
  Put(1);
  TearEveryUsedEntry();
  EXPECT_FALSE(reader_.Find(Digest(1)).has_value());
  writer_ = OpenWriter();
  EXPECT_FALSE(reader_.Find(Digest(1)).has_value());
  Put(1);
  EXPECT_TRUE(reader_.Find(Digest(1)).has_value());
}

TEST_F(KeyTableTest, ForEachVisitsEveryKeyOnce) {
  for (uint32_t i = 1; i <= 10; ++i) Put(i);
  writer_.Remove(Digest(4));
  std::multiset<uint64_t> seen;
  writer_.ForEach(
      [&](const KeyPolicy& policy) { seen.insert(policy.key_number); });
  EXPECT_EQ(seen, (std::multiset<uint64_t>{1, 2, 3, 5, 6, 7, 8, 9, 10}));
}

TEST_F(KeyTableTest, MemoryOfAnotherBuildIsRefused) {
  const Mapping mapping = *Mapping::Map(fd_.get(), KeyTableSize(kMaxKeys),
                                        Mapping::Access::kReadWrite);
  mapping.data()[0] ^= 1;
  EXPECT_THAT(KeyTableWriter::Open(fd_.get(), kMaxKeys),
              StatusCodeIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(KeyTableReader::Open(fd_.get(), kMaxKeys),
              StatusCodeIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(KeyTableReader::Open(fd_.get(), 2 * kMaxKeys),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
}

// A key that is in the table all the time is found at every look, and its two
// numbers belong together, whatever happens around it.
TEST_F(KeyTableTest, AReaderIsNotDisturbedByTheWriter) {
  Put(1);
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (uint32_t i = 0; i < 3000; ++i) {
      KeyPolicy policy = Policy(1);
      policy.created_unix_ms = policy.expires_unix_ms = i;
      EXPECT_THAT(writer_.Put(Digest(1), policy), IsOk());
      Put(2 + i % 40);
      writer_.Remove(Digest(2 + (i * 7) % 40));
    }
    done = true;
  });
  while (!done) {
    const auto policy = reader_.Find(Digest(1));
    // A writer that lost its processor inside an entry looks like a dead one.
    if (!policy.has_value()) continue;
    EXPECT_EQ(policy->created_unix_ms, policy->expires_unix_ms);
  }
  writer.join();
}

}  // namespace
}  // namespace holt
