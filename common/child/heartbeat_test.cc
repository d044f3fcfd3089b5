#include "common/child/heartbeat.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/ipc/descriptors.h"
#include "common/testing/status_matchers.h"

namespace holt {
namespace {

TEST(HeartbeatTest, CountsUpWhileTheLoopTurns) {
  auto memory = MakeSharedMemory("counters", kCountersSize);
  ASSERT_THAT(memory, IsOk());
  ASSERT_EQ(::dup2(memory->get(), kCountersFd), kCountersFd);
  const auto counters = OwnCounters::Map();
  ASSERT_THAT(counters, IsOk());
  auto loop = Loop::Create();
  ASSERT_THAT(loop, IsOk());

  const Heartbeat heartbeat(**loop, *counters);
  EXPECT_EQ((*counters)->heartbeat.load(), 1u);
  while ((*counters)->heartbeat.load() < 3) (*loop)->TurnOnce(true);
}

}  // namespace
}  // namespace holt
