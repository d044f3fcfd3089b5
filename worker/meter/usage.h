// The `usage` object of an upstream's answer, as numbers. Worker; the object
// comes from the upstream and is hostile: either it is read with certainty or
// it counts as unreadable and is recorded as such.
#ifndef HOLT_WORKER_METER_USAGE_H_
#define HOLT_WORKER_METER_USAGE_H_

#include <cstdint>

#include "absl/types/span.h"

namespace holt::worker {

struct Usage {
  uint64_t prompt = 0;      // or input_tokens
  uint64_t completion = 0;  // or output_tokens
  uint64_t total = 0;       // prompt + completion where the answer has no total
  uint64_t cached = 0;      // part of prompt
  uint64_t reasoning = 0;   // part of completion
  uint64_t audio_seconds = 0;  // of {"type":"duration"}, rounded up

  friend bool operator==(const Usage&, const Usage&) = default;
};

enum class UsageState : uint8_t {
  kNone,  // the answer has none, or null
  kReadable,
  kUnreadable,  // there was one, and it could not be read with certainty
};

struct UsageReading {
  UsageState state = UsageState::kNone;
  Usage usage;  // all zero unless readable
};

// The largest count that is believed: what every JSON reader has exactly.
inline constexpr uint64_t kMaxCount = (uint64_t{1} << 53) - 1;

// Reads `raw`, the bytes of a usage value. A number with zero fraction ("3.0",
// "3e0") counts; null members count as absent; unknown members are skipped.
// Unreadable: anything but an object or null, a key twice in an object, a count
// that is no number in 0..2^53-1. `null` is kNone.
UsageReading ParseUsage(absl::Span<const uint8_t> raw);

}  // namespace holt::worker

#endif  // HOLT_WORKER_METER_USAGE_H_
