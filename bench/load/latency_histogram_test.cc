#include "bench/load/latency_histogram.h"

#include <gtest/gtest.h>

namespace holt::bench {
namespace {

TEST(LatencyHistogramTest, NothingHasNoQuantile) {
  EXPECT_EQ(LatencyHistogram().Quantile(0.5), absl::ZeroDuration());
}

TEST(LatencyHistogramTest, OneDurationIsEveryQuantile) {
  LatencyHistogram histogram;
  histogram.Add(absl::Microseconds(1234));
  for (const double share : {0.0, 0.5, 1.0}) {
    EXPECT_EQ(histogram.Quantile(share), absl::Microseconds(1234));
  }
}

TEST(LatencyHistogramTest, QuantilesAreRightToThreePercent) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.Add(absl::Microseconds(i * 10));
  for (const double share : {0.5, 0.9, 0.99}) {
    const double right = share * 10'000;
    const double found = absl::ToDoubleMicroseconds(histogram.Quantile(share));
    EXPECT_GE(found, right);
    EXPECT_LE(found, right * (1 + 1.0 / 32));
  }
}

TEST(LatencyHistogramTest, NoQuantileExceedsTheLongest) {
  LatencyHistogram histogram;
  histogram.Add(absl::Nanoseconds(1025));
  EXPECT_EQ(histogram.Quantile(1), absl::Nanoseconds(1025));
}

TEST(LatencyHistogramTest, ExtremesHaveABucket) {
  LatencyHistogram histogram;
  histogram.Add(absl::Seconds(-1));
  histogram.Add(absl::InfiniteDuration());
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.Quantile(0.5), absl::ZeroDuration());
}

}  // namespace
}  // namespace holt::bench
