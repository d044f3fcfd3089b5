#include "bench/load/event_counter.h"

#include <gtest/gtest.h>

#include <string>

namespace holt::bench {
namespace {

constexpr absl::string_view kStream =
    "data: {\"choices\":[]}\n\n: keep-alive\n\ndata: {}\n\ndata: [DONE]\n\n";

TEST(EventCounterTest, CountsDataAndNoComments) {
  EventCounter counter;
  counter.Feed(kStream);
  EXPECT_EQ(counter.events(), 3U);
  EXPECT_TRUE(counter.is_done());
}

TEST(EventCounterTest, CutsDoNotMatter) {
  for (size_t cut = 0; cut <= kStream.size(); ++cut) {
    EventCounter counter;
    counter.Feed(kStream.substr(0, cut));
    counter.Feed(kStream.substr(cut));
    EXPECT_EQ(counter.events(), 3U) << "cut at " << cut;
    EXPECT_TRUE(counter.is_done()) << "cut at " << cut;
  }
}

TEST(EventCounterTest, DoneInTheMiddleIsNotTheEnd) {
  EventCounter counter;
  counter.Feed("data: [DONE]\n\ndata: {}\n\n");
  EXPECT_FALSE(counter.is_done());
}

TEST(EventCounterTest, AnUnfinishedLineIsNoEvent) {
  EventCounter counter;
  counter.Feed("data: [DONE]");
  EXPECT_EQ(counter.events(), 0U);
  EXPECT_FALSE(counter.is_done());
}

}  // namespace
}  // namespace holt::bench
