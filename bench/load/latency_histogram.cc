#include "bench/load/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace holt::bench {

void LatencyHistogram::Add(absl::Duration duration) {
  duration = std::max(duration, absl::ZeroDuration());
  const auto nanos = static_cast<uint64_t>(absl::ToInt64Nanoseconds(duration));
  ++buckets_[BucketOf(nanos)];
  ++count_;
  longest_ = std::max(longest_, duration);
}

absl::Duration LatencyHistogram::Quantile(double share) const {
  if (count_ == 0) return absl::ZeroDuration();
  const auto wanted =
      static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (seen > 0 && seen >= wanted) {
      const auto bound = static_cast<int64_t>(UpperBound(bucket));
      return std::min(absl::Nanoseconds(bound), longest_);
    }
  }
  return longest_;
}

// The position of the highest bit chooses the row, the five bits below it the
// bucket in the row.
size_t LatencyHistogram::BucketOf(uint64_t nanos) {
  if (nanos < kSubBuckets) return nanos;
  const auto shift = static_cast<size_t>(std::bit_width(nanos)) - 1 - kSubBits;
  return (shift + 1) * kSubBuckets + ((nanos >> shift) - kSubBuckets);
}

uint64_t LatencyHistogram::UpperBound(size_t bucket) {
  if (bucket < kSubBuckets) return bucket;
  const size_t shift = bucket / kSubBuckets - 1;
  const uint64_t lower = (kSubBuckets + bucket % kSubBuckets) << shift;
  return lower + (uint64_t{1} << shift) - 1;
}

}  // namespace holt::bench
