// One upstream answer; the first byte says which method it answers.
#include <algorithm>
#include <string>

#include "common/base/check.h"
#include "worker/http/response_parser.h"

namespace holt::worker {
namespace {

using Event = ResponseParser::Step::Event;

std::string Record(absl::Span<const uint8_t> bytes, Method method,
                   size_t piece) {
  ResponseParser parser;
  parser.Reset(method);
  std::string record;
  size_t available = 0;
  size_t taken = 0;
  while (true) {
    const ResponseParser::Step step =
        parser.Next(bytes.subspan(taken, available - taken));
    HOLT_CHECK(step.consumed <= available - taken);
    taken += step.consumed;
    switch (step.event) {
      case Event::kNeedMore:
        if (available == bytes.size()) {
          return record.append(parser.FinishAtClose() ? "F" : "C");
        }
        available = std::min(available + piece, bytes.size());
        break;
      case Event::kHead:
        HOLT_CHECK(parser.head().status() >= 200);
        HOLT_CHECK(parser.head().status() < 600);
        record.append("H").append(std::to_string(parser.head().status()));
        break;
      case Event::kBody:
        record.append(reinterpret_cast<const char*>(step.body.data()),
                      step.body.size());
        break;
      case Event::kEnd:
        return record.append(parser.reusable() ? "E+" : "E-")
            .append(std::to_string(taken));
      case Event::kRefused:
        HOLT_CHECK(!parser.reusable());
        HOLT_CHECK(!parser.FinishAtClose());
        return record.append("R");
    }
  }
}

}  // namespace
}  // namespace holt::worker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using holt::worker::Method;
  if (size == 0) return 0;
  const Method method = data[0] == 'h' ? Method::kHead : Method::kGet;
  const absl::Span<const uint8_t> bytes(data + 1, size - 1);
  const std::string whole = holt::worker::Record(bytes, method, size);
  HOLT_CHECK(holt::worker::Record(bytes, method, 1) == whole);
  HOLT_CHECK(holt::worker::Record(bytes, method, 5) == whole);
  return 0;
}
