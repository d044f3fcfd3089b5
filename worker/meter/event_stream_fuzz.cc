// However a stream is cut, the client gets the same bytes and the meter the
// same usage; in mode kPass those bytes are the upstream's own.
#include <algorithm>
#include <string>

#include "common/base/check.h"
#include "worker/meter/event_stream.h"

namespace holt::worker {
namespace {

using Mode = EventStreamFilter::Mode;

std::string Take(ChunkBuffer& buffer) {
  std::string text;
  while (!buffer.empty()) {
    const absl::Span<const uint8_t> front = buffer.Front();
    text.append(reinterpret_cast<const char*>(front.data()), front.size());
    buffer.Consume(front.size());
  }
  return text;
}

struct Result {
  std::string text;
  std::string model;
  UsageReading usage;
  bool finished = false;

  friend bool operator==(const Result& a, const Result& b) {
    return a.text == b.text && a.model == b.model &&
           a.usage.state == b.usage.state && a.usage.usage == b.usage.usage &&
           a.finished == b.finished;
  }
};

Result Filter(Mode mode, absl::Span<const uint8_t> stream, size_t piece) {
  static BufferPool pool(16 << 20);  // mapping one per input would be the work
  ChunkBuffer out(pool);
  EventStreamFilter filter(mode);
  while (!stream.empty()) {
    const size_t size = std::min(piece, stream.size());
    HOLT_CHECK(filter.Feed(stream.first(size), out));
    stream.remove_prefix(size);
  }
  Result result;
  result.finished = filter.Finish(out);
  result.text = Take(out);
  result.model = std::string(filter.model());
  result.usage = filter.usage();
  return result;
}

}  // namespace
}  // namespace holt::worker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holt::worker;
  if (size > EventStreamFilter::kMaxEventSize) return 0;
  const absl::Span<const uint8_t> stream(data, size);
  for (const Mode mode : {Mode::kPass, Mode::kRemoveUsage}) {
    const Result whole = Filter(mode, stream, size + 1);
    HOLT_CHECK(Filter(mode, stream, 1) == whole);
    HOLT_CHECK(Filter(mode, stream, 4) == whole);
    if (mode == Mode::kPass) {
      HOLT_CHECK(whole.text ==
                 std::string(reinterpret_cast<const char*>(data), size));
    }
  }
  return 0;
}
