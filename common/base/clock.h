// Time comes in through this interface, so that tests move it. Every process.
#ifndef HOLT_COMMON_BASE_CLOCK_H_
#define HOLT_COMMON_BASE_CLOCK_H_

#include <cstdint>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace holt {

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time: expiry dates, records.
  [[nodiscard]] virtual absl::Time Now() const = 0;
  // Nanoseconds of CLOCK_BOOTTIME: limits, deadlines, staleness. Goes on while
  // a VM is suspended, never steps, and is the same in every process of the
  // machine, so that it may be stored in shared memory.
  [[nodiscard]] virtual int64_t BootNanos() const = 0;

  // The machine's clocks.
  static const Clock& Real();
};

// A clock that tests move by hand.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] absl::Time Now() const override { return now_; }
  [[nodiscard]] int64_t BootNanos() const override { return boot_nanos_; }
  void Advance(absl::Duration by) {
    now_ += by;
    boot_nanos_ += absl::ToInt64Nanoseconds(by);
  }
  void SetWall(absl::Time now) { now_ = now; }

 private:
  absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  int64_t boot_nanos_ = 1'000'000'000'000;
};

}  // namespace holt

#endif  // HOLT_COMMON_BASE_CLOCK_H_
