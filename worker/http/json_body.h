// What the gateway must know of a JSON request body, and the one edit it makes.
// Worker; the body is hostile and secret. It is judged where it lies: nothing
// of it is copied (but a model name with escapes in it), converted or
// re-written.
#ifndef HOLT_WORKER_HTTP_JSON_BODY_H_
#define HOLT_WORKER_HTTP_JSON_BODY_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/base/wiped.h"
#include "worker/http/json_members.h"
#include "worker/http/refusal.h"

namespace holt::worker {

struct JsonRules {
  size_t max_keys = 1024;       // of the top level
  size_t max_model_size = 256;  // bytes, unescaped
  bool model_required = true;
};

// Filled by ReadJsonBody. Views and ranges are of the body it was given, which
// must stay as it is for as long as they are used.
struct BodyControls {
  absl::string_view model;  // unescaped; empty: absent
  bool stream = false;
  // stream_options.include_usage is true.
  bool include_usage = false;
  // max_completion_tokens, max_output_tokens or max_tokens, the first that is a
  // whole number.
  std::optional<uint64_t> max_tokens;

  ByteRange object;          // the whole top-level object
  ByteRange stream_options;  // its value, when an object or null
  bool stream_options_null = false;
  bool stream_options_empty = true;
  ByteRange include_usage_value;  // the value of include_usage, any

  WipedBytes unescaped_model;  // what `model` points into if it had escapes
};

// Judges a whole body: strict JSON in UTF-8, an object, and the members above
// well typed and there once. nullopt: fine, `controls` is set. Else the
// refusal, and `controls` is not to be used.
std::optional<Refusal> ReadJsonBody(absl::Span<const uint8_t> body,
                                    const JsonRules& rules,
                                    BodyControls& controls);

// The body as the upstream gets it: the concatenation of the three. Without an
// edit `before` is the whole body.
struct BodyPieces {
  absl::Span<const uint8_t> before;
  absl::string_view inserted;  // a literal
  absl::Span<const uint8_t> after;
  [[nodiscard]] size_t size() const {
    return before.size() + inserted.size() + after.size();
  }
};

// Asks the upstream for usage on a streamed chat or completions request whose
// client did not: inserts stream_options, or include_usage into it, or replaces
// a value that is not true. All other bytes stay. No edit when the client asked
// himself or does not stream.
BodyPieces EditForUsage(absl::Span<const uint8_t> body,
                        const BodyControls& controls);

}  // namespace holt::worker

#endif  // HOLT_WORKER_HTTP_JSON_BODY_H_
