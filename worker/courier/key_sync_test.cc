#include "worker/courier/key_sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "common/ipc/shared_memory.h"
#include "common/testing/status_matchers.h"
#include "worker/courier/testing/fake_admin_service.h"

namespace holt::worker {
namespace {

using internal::v1::Key;
using internal::v1::KeyTableChange;

constexpr uint32_t kMaxKeys = 2;

KeyTableChange Step(uint64_t epoch) {
  KeyTableChange step;
  step.set_epoch(epoch);
  return step;
}

class KeySyncTest : public testing::Test {
 protected:
  absl::Status Begin(uint64_t epoch) {
    KeyTableChange step = Step(epoch);
    step.mutable_snapshot_begin();
    return sync_.Apply(step);
  }
  absl::Status End(uint64_t epoch) {
    KeyTableChange step = Step(epoch);
    step.mutable_snapshot_end();
    return sync_.Apply(step);
  }
  absl::Status Put(uint64_t epoch, const Key& key) {
    KeyTableChange step = Step(epoch);
    *step.mutable_put() = key;
    return sync_.Apply(step);
  }
  absl::Status Remove(uint64_t epoch, char mark) {
    KeyTableChange step = Step(epoch);
    step.set_remove(std::string(32, mark));
    return sync_.Apply(step);
  }
  absl::Status Settings(const internal::v1::Settings& settings) {
    KeyTableChange step = Step(5);
    *step.mutable_settings() = settings;
    return sync_.Apply(step);
  }
  void GoLive() {
    ASSERT_THAT(Begin(5), IsOk());
    ASSERT_THAT(Put(5, TestKey('a', 1)), IsOk());
    ASSERT_THAT(End(5), IsOk());
  }
  std::optional<KeyPolicy> Find(char mark) {
    KeyDigest digest;
    digest.fill(static_cast<uint8_t>(mark));
    return table_.Find(digest);
  }
  // The key 'b' after `change` is refused, and is not in the table.
  void ExpectRefused(const std::function<void(Key&)>& change) {
    Key key = TestKey('b', 2);
    change(key);
    EXPECT_THAT(Put(6, key), StatusCodeIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(table_.size(), 1u);
  }

  FakeClock clock_;
  UniqueFd fd_ = *MakeSharedMemory("table", KeyTableSize(kMaxKeys));
  KeyTableWriter table_ = *KeyTableWriter::Open(fd_.get(), kMaxKeys);
  KeySync sync_{table_, kMaxKeys, clock_};
};

TEST_F(KeySyncTest, TheTableIsWholeAtTheEndOfTheSnapshotOnly) {
  ASSERT_THAT(Begin(5), IsOk());
  ASSERT_THAT(Put(5, TestKey('a', 1)), IsOk());
  EXPECT_FALSE(sync_.has_table());
  ASSERT_THAT(End(5), IsOk());
  EXPECT_TRUE(sync_.has_table());
  EXPECT_EQ(sync_.epoch(), 5u);
}

TEST_F(KeySyncTest, ChangesAreAppliedAndMoveTheEpoch) {
  GoLive();
  ASSERT_THAT(Put(6, TestKey('b', 2)), IsOk());
  EXPECT_TRUE(Find('b').has_value());
  ASSERT_THAT(Remove(7, 'a'), IsOk());
  EXPECT_FALSE(Find('a').has_value());
  EXPECT_EQ(sync_.epoch(), 7u);
}

TEST_F(KeySyncTest, StepsOutOfOrderAreRefused) {
  EXPECT_FALSE(Put(5, TestKey('a', 1)).ok());
  EXPECT_FALSE(End(5).ok());
  GoLive();
  EXPECT_FALSE(Begin(5).ok());
  EXPECT_FALSE(End(5).ok());
  sync_.BeginStream();
  EXPECT_FALSE(Put(6, TestKey('b', 2)).ok());
  EXPECT_THAT(Begin(6), IsOk());
}

TEST_F(KeySyncTest, AnOlderEpochIsRefusedAtTheBeginning) {
  GoLive();
  sync_.BeginStream();
  EXPECT_THAT(Begin(4), StatusCodeIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_TRUE(Find('a').has_value());
}

TEST_F(KeySyncTest, KeysThatBreakABoundAreRefused) {
  GoLive();
  ExpectRefused([](Key& key) { key.set_digest("short"); });
  ExpectRefused([](Key& key) { key.set_number(0); });
  ExpectRefused([](Key& key) { key.set_key_id(""); });
  ExpectRefused([](Key& key) { key.set_key_id("a b"); });
  ExpectRefused([](Key& key) { key.set_key_id(std::string(40, 'k')); });
  ExpectRefused([](Key& key) { key.set_label(std::string(128, 'l')); });
  ExpectRefused([](Key& key) { key.clear_state(); });
  ExpectRefused([](Key& key) { key.set_requests_per_window(1025); });
}

TEST_F(KeySyncTest, SettingsThatBreakABoundAreRefused) {
  GoLive();
  internal::v1::Settings good;
  good.set_global_window_ms(1000);
  good.set_address_window_ms(1000);
  good.set_max_staleness_ms(10'000);
  EXPECT_THAT(Settings(good), IsOk());
  internal::v1::Settings bad = good;
  bad.set_max_staleness_ms(9'999);
  EXPECT_FALSE(Settings(bad).ok());
  bad = good;
  bad.set_global_window_ms(0);
  EXPECT_FALSE(Settings(bad).ok());
  bad = good;
  bad.set_address_requests(1025);
  EXPECT_FALSE(Settings(bad).ok());
}

TEST_F(KeySyncTest, AKeyKeepsItsCellAndAnotherGetsAnother) {
  GoLive();
  const uint32_t cell = Find('a')->limiter_cell;
  Key changed = TestKey('a', 1);
  changed.set_requests_per_window(3);
  ASSERT_THAT(Put(6, changed), IsOk());
  EXPECT_EQ(Find('a')->limiter_cell, cell);
  ASSERT_THAT(Put(7, TestKey('b', 2)), IsOk());
  EXPECT_NE(Find('b')->limiter_cell, cell);
}

TEST_F(KeySyncTest, CellsComeBackFromKeysThatAreGone) {
  GoLive();
  for (uint64_t epoch = 6; epoch < 20; epoch += 2) {
    ASSERT_THAT(Put(epoch, TestKey('b', epoch)), IsOk());
    ASSERT_TRUE(Find('b').has_value());
    ASSERT_THAT(Remove(epoch + 1, 'b'), IsOk());
  }
}

TEST_F(KeySyncTest, AKeyTooManyIsLeftOutAndTheStreamGoesOn) {
  GoLive();
  ASSERT_THAT(Put(6, TestKey('b', 2)), IsOk());
  EXPECT_THAT(Put(7, TestKey('c', 3)), IsOk());
  EXPECT_FALSE(Find('c').has_value());
  Key revoked = TestKey('a', 1);
  revoked.set_state(internal::v1::KEY_STATE_REVOKED);
  ASSERT_THAT(Put(8, revoked), IsOk());
  EXPECT_EQ(Find('a')->state, KeyState::kRevoked);
}

}  // namespace
}  // namespace holt::worker
