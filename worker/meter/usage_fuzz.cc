// Whatever is readable is within its bounds.
#include "common/base/check.h"
#include "worker/meter/usage.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holt::worker;
  const UsageReading reading =
      ParseUsage(absl::Span<const uint8_t>(data, size));
  const Usage& usage = reading.usage;
  if (reading.state != UsageState::kReadable) {
    HOLT_CHECK(usage == Usage());
    return 0;
  }
  HOLT_CHECK(usage.prompt <= kMaxCount && usage.completion <= kMaxCount);
  HOLT_CHECK(usage.total <= 2 * kMaxCount);
  HOLT_CHECK(usage.cached <= usage.prompt);
  HOLT_CHECK(usage.reasoning <= usage.completion);
  return 0;
}
