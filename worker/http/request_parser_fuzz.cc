// Requests of one connection: whatever the bytes and however they are cut, the
// same requests come out; none is given out after a refusal.
#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "worker/http/request_parser.h"

namespace holt::worker {
namespace {

using Event = RequestParser::Step::Event;

// Feeds in pieces of `piece` bytes and writes down all that happened.
std::string Record(absl::Span<const uint8_t> bytes, size_t piece) {
  RequestParser parser({});
  std::string record;
  size_t available = 0;
  size_t taken = 0;
  while (true) {
    const RequestParser::Step step =
        parser.Next(bytes.subspan(taken, available - taken));
    HOLT_CHECK(step.consumed <= available - taken);
    taken += step.consumed;
    switch (step.event) {
      case Event::kNeedMore:
        HOLT_CHECK(taken == available);
        if (available == bytes.size()) return record;
        available = std::min(available + piece, bytes.size());
        break;
      case Event::kHead:
        HOLT_CHECK(!parser.head().target().empty());
        HOLT_CHECK(!parser.head().chunked() ||
                   !parser.head().content_length().has_value());
        absl::StrAppend(&record, "H", parser.head().target());
        for (const Field& field : parser.head().fields()) {
          absl::StrAppend(&record, field.name, ":", field.value);
        }
        break;
      case Event::kBody:
        HOLT_CHECK(!step.body.empty());
        record.append(reinterpret_cast<const char*>(step.body.data()),
                      step.body.size());
        break;
      case Event::kEnd:
        record.append("E");
        parser.Reset();
        break;
      case Event::kRefused:
        HOLT_CHECK(parser.Next(bytes).event == Event::kRefused);
        HOLT_CHECK(parser.refusal().close);
        return record.append("R").append(
            std::to_string(parser.refusal().status));
    }
  }
}

}  // namespace
}  // namespace holt::worker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::Span<const uint8_t> bytes(data, size);
  const std::string whole = holt::worker::Record(bytes, size + 1);
  HOLT_CHECK(holt::worker::Record(bytes, 1) == whole);
  HOLT_CHECK(holt::worker::Record(bytes, 7) == whole);
  return 0;
}
