// A limiter cell whose memory says anything: a call ends, stays within the
// cell, and what it says about the window makes sense.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "common/base/bytes.h"
#include "common/base/check.h"
#include "common/ipc/limiter.h"
#include "common/ipc/limiter_cell.h"

namespace {

constexpr size_t kPlaces = 16;

struct Cell {
  holt::LimiterCellHeader header{};
  std::array<holt::LimiterPlace, kPlaces> places{};
};

int64_t Positive(int64_t value) {
  return static_cast<int64_t>(static_cast<uint64_t>(value) >> 1 | 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  holt::Reader reader(absl::Span<const uint8_t>(data, size));
  static Cell cell;  // its alignment is too much for some sanitizers' stacks
  cell.header.cursor = reader.Get<uint32_t>();
  cell.header.used_places = reader.Get<uint32_t>();
  for (holt::LimiterPlace& place : cell.places) place = reader.Get<int64_t>();
  holt::LimiterCell view(cell.header, absl::MakeSpan(cell.places));
  while (reader.ok()) {
    const auto limit = reader.Get<uint32_t>();
    const int64_t window = Positive(reader.Get<int64_t>());
    const int64_t now = Positive(reader.Get<int64_t>());
    const holt::LimitDecision decision = view.Admit(limit, window, now);
    HOLT_CHECK(decision.limit <= kPlaces && decision.remaining <= kPlaces);
    HOLT_CHECK(decision.reset_nanos >= 0 && decision.reset_nanos <= window);
    HOLT_CHECK(decision.retry_after_nanos >= 0 &&
               decision.retry_after_nanos <= window);
    HOLT_CHECK(limit != 0 || decision.admitted);
    HOLT_CHECK(!decision.admitted || limit == 0 || !view.IsIdle(window, now));
    if (now % 2 == 0) view.Undo(now);
  }
  return 0;
}
