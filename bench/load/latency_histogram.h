// How long things took, in buckets whose width is at most a thirty-second of
// their value: quantiles are right to about 3 %, whatever the range, and
// adding one costs no memory. Runs in the load generator.
#ifndef HOLT_BENCH_LOAD_LATENCY_HISTOGRAM_H_
#define HOLT_BENCH_LOAD_LATENCY_HISTOGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace holt::bench {

class LatencyHistogram {
 public:
  // Negative durations count as zero.
  void Add(absl::Duration duration);

  [[nodiscard]] uint64_t count() const { return count_; }
  // The least bound that `share` (0 to 1) of all durations do not exceed; zero
  // when there are none.
  [[nodiscard]] absl::Duration Quantile(double share) const;
  [[nodiscard]] absl::Duration longest() const { return longest_; }

 private:
  static constexpr size_t kSubBits = 5;
  static constexpr size_t kSubBuckets = size_t{1} << kSubBits;
  // Nanoseconds are 63 bits; those below kSubBuckets have a bucket each.
  static constexpr size_t kBuckets = (63 - kSubBits + 1) * kSubBuckets;

  static size_t BucketOf(uint64_t nanos);
  static uint64_t UpperBound(size_t bucket);

  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
  absl::Duration longest_ = absl::ZeroDuration();
};

}  // namespace holt::bench

#endif  // HOLT_BENCH_LOAD_LATENCY_HISTOGRAM_H_
