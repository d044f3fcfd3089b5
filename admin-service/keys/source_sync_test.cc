#include "admin-service/keys/source_sync.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace holt::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

ImportedKey Listed(const std::string& id, const std::string& secret) {
  return {.key_id = id, .digest = Sha256(secret), .display_name = id};
}

KeyRecord Stored(uint64_t number, const std::string& id,
                 const std::string& secret,
                 KeySource source = KeySource::kFile) {
  return {.number = number,
          .key_id = id,
          .digest = Sha256(secret),
          .display_name = id,
          .source = source,
          .create_time = kNow,
          .update_time = kNow};
}

SourceDiff Diff(const std::vector<KeyRecord>& existing,
                const std::vector<ImportedKey>& listed) {
  return DiffSource(KeySource::kFile, existing, listed, kNow);
}

TEST(SourceSyncTest, NewEntryBecomesAKey) {
  const SourceDiff diff = Diff({}, {Listed("alice", "a")});
  ASSERT_THAT(diff.write, SizeIs(1));
  EXPECT_EQ(diff.write[0].number, 0);
  EXPECT_EQ(diff.write[0].source, KeySource::kFile);
  EXPECT_EQ(diff.write[0].create_time, kNow);
}

TEST(SourceSyncTest, SameFileChangesNothing) {
  EXPECT_THAT(Diff({Stored(1, "alice", "a")}, {Listed("alice", "a")}).write,
              IsEmpty());
}

TEST(SourceSyncTest, EntryThatIsGoneIsRevoked) {
  const SourceDiff diff = Diff({Stored(1, "alice", "a")}, {});
  ASSERT_THAT(diff.write, SizeIs(1));
  EXPECT_EQ(diff.write[0].state, KeyState::kRevoked);
  EXPECT_EQ(diff.write[0].revoke_time, kNow);
}

TEST(SourceSyncTest, EntryThatComesBackIsTheSameKeyAgain) {
  KeyRecord revoked = Stored(7, "alice", "a");
  revoked.state = KeyState::kRevoked;
  const SourceDiff diff = Diff({revoked}, {Listed("alice", "a")});
  ASSERT_THAT(diff.write, SizeIs(1));
  EXPECT_EQ(diff.write[0].number, 7);
  EXPECT_EQ(diff.write[0].state, KeyState::kActive);
  EXPECT_EQ(diff.write[0].revoke_time, absl::InfiniteFuture());
}

TEST(SourceSyncTest, NewSecretUnderAnOldNameKeepsTheNumber) {
  const SourceDiff diff =
      Diff({Stored(7, "alice", "old")}, {Listed("alice", "new")});
  ASSERT_THAT(diff.write, SizeIs(1));
  EXPECT_EQ(diff.write[0].number, 7);
  EXPECT_EQ(diff.write[0].digest, Sha256("new"));
  EXPECT_THAT(diff.removed, ElementsAre(Sha256("old")));
}

TEST(SourceSyncTest, TwoSecretsOfOneNameAreTwoKeys) {
  const SourceDiff diff =
      Diff({}, {Listed("alice", "a"), Listed("alice", "b")});
  ASSERT_THAT(diff.write, SizeIs(2));
  EXPECT_NE(diff.write[0].key_id, diff.write[1].key_id);
}

TEST(SourceSyncTest, NameOfAnAdminKeyIsNotTaken) {
  const SourceDiff diff = Diff({Stored(1, "alice", "x", KeySource::kAdmin)},
                               {Listed("alice", "a")});
  ASSERT_THAT(diff.write, SizeIs(1));
  EXPECT_EQ(diff.write[0].number, 0);
  EXPECT_EQ(diff.write[0].key_id, "alice-2");
}

TEST(SourceSyncTest, KeyThatAnOperatorRevokedStaysRevoked) {
  KeyRecord revoked = Stored(1, "alice", "a", KeySource::kAdmin);
  revoked.state = KeyState::kRevoked;
  const SourceDiff diff = Diff({revoked}, {Listed("alice", "a")});
  EXPECT_THAT(diff.write, IsEmpty());
  EXPECT_EQ(diff.foreign, 1);
}

TEST(SourceSyncTest, KeyThatTheEnvironmentGaveUpMayMoveToTheFile) {
  KeyRecord gone = Stored(1, "env_key_0", "a", KeySource::kEnvironment);
  EXPECT_EQ(Diff({gone}, {Listed("alice", "a")}).foreign, 1);
  gone.state = KeyState::kRevoked;
  const SourceDiff diff = Diff({gone}, {Listed("alice", "a")});
  ASSERT_THAT(diff.write, SizeIs(1));
  EXPECT_EQ(diff.write[0].number, 1);
  EXPECT_EQ(diff.write[0].source, KeySource::kFile);
}

TEST(SourceSyncTest, OfTwoEntriesWithOneSecretTheLaterCounts) {
  const SourceDiff diff = Diff({}, {Listed("alice", "a"), Listed("bob", "a")});
  ASSERT_THAT(diff.write, SizeIs(1));
  EXPECT_EQ(diff.write[0].key_id, "bob");
}

TEST(SourceSyncTest, SwappedNamesNeverCollide) {
  const SourceDiff diff = Diff({Stored(1, "alice", "a"), Stored(2, "bob", "b")},
                               {Listed("bob", "a"), Listed("alice", "b")});
  std::set<std::string> names;
  for (const KeyRecord& key : diff.write) names.insert(key.key_id);
  EXPECT_EQ(names.size(), diff.write.size());
}

}  // namespace
}  // namespace holt::admin
