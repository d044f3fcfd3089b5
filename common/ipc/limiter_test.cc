#include "common/ipc/limiter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <vector>

#include "common/ipc/limiter_cell.h"
#include "common/testing/status_matchers.h"

namespace holt {
namespace {

constexpr uint32_t kMaxKeys = 4;
constexpr int64_t kWindow = 1000;
constexpr int64_t kStart = 1'000'000;

AddressKey Address(uint32_t number) {
  AddressKey address{};
  std::memcpy(address.data(), &number, sizeof(number));
  return address;
}

class LimiterTest : public testing::Test {
 protected:
  bool Key(uint32_t limit, int64_t now, uint32_t cell = 0) {
    return limiter_.AdmitKey(cell, limit, kWindow, now).admitted;
  }

  UniqueFd fd_ = *MakeSharedMemory("limiter", LimiterSize(kMaxKeys));
  Limiter limiter_ = *Limiter::Open(fd_.get(), kMaxKeys);
};

TEST_F(LimiterTest, AdmitsTheLimitAndNotOneMore) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Key(5, kStart + i));
  EXPECT_FALSE(Key(5, kStart + 5));
}

TEST_F(LimiterTest, TheWindowSlides) {
  EXPECT_TRUE(Key(2, kStart));
  EXPECT_TRUE(Key(2, kStart + 600));
  EXPECT_FALSE(Key(2, kStart + kWindow - 1));
  EXPECT_TRUE(Key(2, kStart + kWindow));
  EXPECT_FALSE(Key(2, kStart + 600 + kWindow - 1));
  EXPECT_TRUE(Key(2, kStart + 600 + kWindow));
}

TEST_F(LimiterTest, SaysWhatRemainsAndWhenItComesBack) {
  LimitDecision decision = limiter_.AdmitKey(0, 2, kWindow, kStart);
  EXPECT_EQ(decision.limit, 2u);
  EXPECT_EQ(decision.remaining, 1u);
  EXPECT_EQ(decision.reset_nanos, kWindow);
  EXPECT_EQ(decision.retry_after_nanos, 0);
  decision = limiter_.AdmitKey(0, 2, kWindow, kStart + 300);
  EXPECT_EQ(decision.remaining, 0u);
  EXPECT_EQ(decision.reset_nanos, kWindow);
  decision = limiter_.AdmitKey(0, 2, kWindow, kStart + 400);
  EXPECT_FALSE(decision.admitted);
  EXPECT_EQ(decision.remaining, 0u);
  EXPECT_EQ(decision.retry_after_nanos, kWindow - 400);
  EXPECT_EQ(decision.reset_nanos, kWindow - 100);
}

TEST_F(LimiterTest, NoLimitAdmitsAlways) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(Key(0, kStart));
  EXPECT_EQ(limiter_.AdmitKey(0, 0, kWindow, kStart).limit, 0u);
}

TEST_F(LimiterTest, CellsAreApart) {
  EXPECT_TRUE(Key(1, kStart, 0));
  EXPECT_TRUE(Key(1, kStart, 1));
  EXPECT_FALSE(Key(1, kStart, 0));
  EXPECT_TRUE(limiter_.AdmitGlobal(1, kWindow, kStart).admitted);
  EXPECT_FALSE(limiter_.AdmitGlobal(1, kWindow, kStart).admitted);
}

TEST_F(LimiterTest, ACellThatDoesNotExistIsRefused) {
  EXPECT_FALSE(Key(5, kStart, kMaxKeys));
  limiter_.UndoKey(kMaxKeys, kStart);
}

TEST_F(LimiterTest, AnAdmissionTakenBackIsFreeAtOnce) {
  EXPECT_TRUE(Key(3, kStart));
  EXPECT_TRUE(Key(3, kStart + 1));
  EXPECT_TRUE(Key(3, kStart + 2));
  limiter_.UndoKey(0, kStart + 1);
  EXPECT_TRUE(Key(3, kStart + 3));
  EXPECT_FALSE(Key(3, kStart + 4));
  // What was not taken back leaves when it would have.
  EXPECT_TRUE(Key(3, kStart + kWindow));
  EXPECT_FALSE(Key(3, kStart + kWindow + 1));
  EXPECT_TRUE(Key(3, kStart + kWindow + 2));
}

TEST_F(LimiterTest, UndoTakesBackOneOfSeveralAtTheSameTime) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Key(3, kStart));
  limiter_.UndoKey(0, kStart);
  EXPECT_TRUE(Key(3, kStart));
  EXPECT_FALSE(Key(3, kStart));
}

TEST_F(LimiterTest, ALowerLimitCountsWhatWasAdmittedBefore) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(Key(10, kStart + i));
  EXPECT_FALSE(Key(4, kStart + 10));
  // Six of ten have left.
  EXPECT_FALSE(Key(4, kStart + kWindow + 5));
  EXPECT_TRUE(Key(4, kStart + kWindow + 6));
  EXPECT_FALSE(Key(4, kStart + kWindow + 6));
}

TEST_F(LimiterTest, AHigherLimitCountsWhatWasAdmittedBefore) {
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Key(2, kStart));
  EXPECT_EQ(limiter_.AdmitKey(0, 5, kWindow, kStart + 1).remaining, 2u);
  EXPECT_TRUE(Key(5, kStart + 1));
  EXPECT_TRUE(Key(5, kStart + 1));
  EXPECT_FALSE(Key(5, kStart + 1));
}

TEST_F(LimiterTest, AnotherWindowLooksAtTheSameAdmissions) {
  EXPECT_TRUE(Key(1, kStart));
  EXPECT_FALSE(limiter_.AdmitKey(0, 1, 5 * kWindow, kStart + kWindow).admitted);
  EXPECT_TRUE(limiter_.AdmitKey(0, 1, kWindow / 2, kStart + 500).admitted);
}

TEST_F(LimiterTest, ALimitBeyondTheCellIsLoweredToIt) {
  EXPECT_EQ(limiter_.AdmitKey(0, kMaxKeyRequests + 1, kWindow, kStart).limit,
            kMaxKeyRequests);
}

TEST_F(LimiterTest, AllWorkersShareTheCells) {
  Limiter other = *Limiter::Open(fd_.get(), kMaxKeys);
  EXPECT_TRUE(Key(2, kStart));
  EXPECT_TRUE(other.AdmitKey(0, 2, kWindow, kStart).admitted);
  EXPECT_FALSE(Key(2, kStart));
  EXPECT_TRUE(limiter_.AdmitAddress(Address(1), 1, kWindow, kStart).admitted);
  EXPECT_FALSE(other.AdmitAddress(Address(1), 1, kWindow, kStart).admitted);
}

TEST_F(LimiterTest, AddressesAreApartAndComeBack) {
  for (uint32_t i = 0; i < 500; ++i) {
    EXPECT_TRUE(limiter_.AdmitAddress(Address(i), 1, kWindow, kStart).admitted);
  }
  for (uint32_t i = 0; i < 500; ++i) {
    EXPECT_FALSE(
        limiter_.AdmitAddress(Address(i), 1, kWindow, kStart + 1).admitted);
  }
  EXPECT_EQ(limiter_.overflow(), 0u);
  EXPECT_TRUE(
      limiter_.AdmitAddress(Address(7), 1, kWindow, kStart + kWindow).admitted);
}

TEST_F(LimiterTest, MoreAddressesThanCellsAreAdmittedAndCounted) {
  for (uint32_t i = 0; i < 3 * kAddressCells; ++i) {
    EXPECT_TRUE(limiter_.AdmitAddress(Address(i), 1, kWindow, kStart).admitted);
  }
  EXPECT_GT(limiter_.overflow(), kAddressCells);
  // Idle cells go to others.
  const uint64_t before = limiter_.overflow();
  for (uint32_t i = 0; i < 1000; ++i) {
    const AddressKey address = Address(1'000'000 + i);
    const int64_t later = kStart + kWindow;
    EXPECT_TRUE(limiter_.AdmitAddress(address, 1, kWindow, later).admitted);
    EXPECT_FALSE(limiter_.AdmitAddress(address, 1, kWindow, later).admitted);
  }
  EXPECT_EQ(limiter_.overflow(), before);
}

TEST_F(LimiterTest, MemoryOfAnotherBuildIsRefused) {
  const Mapping mapping = *Mapping::Map(fd_.get(), LimiterSize(kMaxKeys),
                                        Mapping::Access::kReadWrite);
  mapping.data()[0] ^= 1;
  EXPECT_THAT(Limiter::Open(fd_.get(), kMaxKeys),
              StatusCodeIs(absl::StatusCode::kFailedPrecondition));
}

// ---- Several processes at one cell, some of them killed.

constexpr uint32_t kLimit = 40;
constexpr int64_t kTicks = 200'000;
constexpr int kProcesses = 4;

// Time that passes by one at each look, and the times that were admitted.
struct Common {
  std::atomic<int64_t> now;
  std::atomic<uint32_t> admitted;
  std::atomic<int64_t> times[kLimit * (kTicks / kWindow + 2)];
};

void Hammer(Limiter& limiter, Common& common) {
  for (int64_t now = ++common.now; now < kStart + kTicks; now = ++common.now) {
    if (!limiter.AdmitKey(0, kLimit, kWindow, now).admitted) continue;
    // One in eight is refused by a later limit.
    if (now % 8 == 0) {
      limiter.UndoKey(0, now);
      continue;
    }
    const uint32_t at = common.admitted++;
    if (at < std::size(common.times)) common.times[at] = now;
  }
}

pid_t StartHammer(int fd, Common& common) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  Limiter limiter = *Limiter::Open(fd, kMaxKeys);
  Hammer(limiter, common);
  ::_exit(0);
}

TEST_F(LimiterTest, NeverMoreThanTheLimitInAnyWindowWhoeverIsKilled) {
  void* shared = ::mmap(nullptr, sizeof(Common), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  Common& common = *new (shared) Common{};
  common.now = kStart;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(StartHammer(fd_.get(), common));
    ASSERT_GT(children.back(), 0);
  }
  // Each tenth of the way one is killed and another takes its place.
  for (int64_t mark = kTicks / 10; mark < kTicks; mark += kTicks / 10) {
    while (common.now < kStart + mark) ::sched_yield();
    pid_t& victim = children[static_cast<size_t>(mark) % kProcesses];
    ::kill(victim, SIGKILL);
    ASSERT_EQ(::waitpid(victim, nullptr, 0), victim);
    victim = StartHammer(fd_.get(), common);
  }
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);

  const uint32_t count = common.admitted;
  ASSERT_LE(count, std::size(common.times));
  std::vector<int64_t> times(common.times, common.times + count);
  // A killed process may have left a hole: counted, and not told.
  std::erase(times, 0);
  std::sort(times.begin(), times.end());
  for (size_t i = kLimit; i < times.size(); ++i) {
    ASSERT_GE(times[i] - times[i - kLimit], kWindow);
  }
  // Nor much less: there were callers at every tick.
  EXPECT_GT(count, kLimit * (kTicks / kWindow) * 3 / 4);
  ::munmap(shared, sizeof(Common));
}

}  // namespace
}  // namespace holt
