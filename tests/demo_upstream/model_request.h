// The body of a request to the demo upstream, as far as the demo cares: which
// model, streamed or not, and how long the prompt is. Read with simdjson; the
// bytes come from a peer and are hostile.
#ifndef HOLT_TESTS_DEMO_UPSTREAM_MODEL_REQUEST_H_
#define HOLT_TESTS_DEMO_UPSTREAM_MODEL_REQUEST_H_

#include <simdjson.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace holt::demo {

struct ModelRequest {
  std::string model;     // without the controls
  std::string controls;  // what stood behind the first '/' of the model
  bool stream = false;
  bool include_usage = false;
  uint32_t max_tokens = 0;       // 0: no limit given
  uint64_t prompt_tokens = 1;    // one for every four bytes of text
  std::string last_text;         // the last text of messages, prompt or input
  uint32_t inputs = 1;           // of an embeddings request
  uint32_t dimensions = 8;       // of an embeddings request, at most 4096
  bool float_embeddings = true;  // encoding_format is not base64
};

// InvalidArgument says what is wrong, without quoting the body. `parser` is
// reused between calls.
absl::StatusOr<ModelRequest> ReadModelRequest(absl::string_view body,
                                              simdjson::dom::parser& parser);

}  // namespace holt::demo

#endif  // HOLT_TESTS_DEMO_UPSTREAM_MODEL_REQUEST_H_
