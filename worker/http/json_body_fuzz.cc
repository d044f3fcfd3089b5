// Our reader against simdjson's: what ours takes, simdjson takes too (numbers
// aside, which ours never converts), and the edited body is taken again and
// asks for usage.
#include <string>

#include "common/base/check.h"
#include "simdjson.h"
#include "worker/http/json_body.h"

namespace holt::worker {
namespace {

absl::Span<const uint8_t> BytesOf(const std::string& text) {
  return absl::Span<const uint8_t>(
      reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

bool SimdjsonTakes(const std::string& text) {
  simdjson::dom::parser parser;
  const simdjson::error_code error = parser.parse(text).error();
  return error == simdjson::SUCCESS || error == simdjson::NUMBER_ERROR ||
         // A surrogate escape without its other half passes on unread.
         error == simdjson::STRING_ERROR;
}

void CheckEdit(absl::Span<const uint8_t> body, const BodyControls& controls,
               const JsonRules& rules) {
  const BodyPieces pieces = EditForUsage(body, controls);
  std::string edited(reinterpret_cast<const char*>(pieces.before.data()),
                     pieces.before.size());
  edited.append(pieces.inserted.data(), pieces.inserted.size());
  edited.append(reinterpret_cast<const char*>(pieces.after.data()),
                pieces.after.size());
  JsonRules wider = rules;
  ++wider.max_keys;  // stream_options may have come in
  BodyControls after;
  HOLT_CHECK(!ReadJsonBody(BytesOf(edited), wider, after).has_value());
  HOLT_CHECK(after.model == controls.model);
  HOLT_CHECK(!after.stream || after.include_usage);
}

}  // namespace
}  // namespace holt::worker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holt::worker;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const JsonRules rules = {1024, 256, false};
  BodyControls controls;
  if (ReadJsonBody(BytesOf(text), rules, controls).has_value()) return 0;
  HOLT_CHECK(SimdjsonTakes(text));
  CheckEdit(BytesOf(text), controls, rules);
  return 0;
}
