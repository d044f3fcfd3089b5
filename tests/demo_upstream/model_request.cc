#include "tests/demo_upstream/model_request.h"

#include <algorithm>
#include <string_view>

#include "absl/status/status.h"

namespace holt::demo {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr uint64_t kBytesPerToken = 4;
constexpr uint64_t kMostDimensions = 4096;

// Adds up the texts of a request and remembers the last one.
class TextMeter {
 public:
  void Add(std::string_view text) {
    bytes_ += text.size();
    last_ = text;
  }
  // A text, or a list of texts or of parts with a text.
  void AddContent(const element& content) {
    std::string_view text;
    array parts;
    if (content.get(text) == simdjson::SUCCESS) return Add(text);
    if (content.get(parts) != simdjson::SUCCESS) return;
    for (const element part : parts) AddPart(part);
  }
  [[nodiscard]] uint64_t tokens() const {
    return std::max<uint64_t>(1,
                              (bytes_ + kBytesPerToken - 1) / kBytesPerToken);
  }
  [[nodiscard]] std::string_view last() const { return last_; }

 private:
  void AddPart(const element& part) {
    std::string_view text;
    if (part.get(text) == simdjson::SUCCESS ||
        part["text"].get(text) == simdjson::SUCCESS) {
      Add(text);
    }
  }
  uint64_t bytes_ = 0;
  std::string_view last_;
};

void MeasureText(const object& root, ModelRequest& request) {
  TextMeter meter;
  array messages;
  element single;
  if (root["messages"].get(messages) == simdjson::SUCCESS) {
    for (const element message : messages) {
      element content;
      if (message["content"].get(content) == simdjson::SUCCESS) {
        meter.AddContent(content);
      }
    }
  }
  if (root["prompt"].get(single) == simdjson::SUCCESS) meter.AddContent(single);
  if (root["input"].get(single) == simdjson::SUCCESS) meter.AddContent(single);
  request.prompt_tokens = meter.tokens();
  request.last_text = std::string(meter.last());
}

void ReadEmbeddingMembers(const object& root, ModelRequest& request) {
  array inputs;
  uint64_t dimensions = 0;
  std::string_view format;
  if (root["input"].get(inputs) == simdjson::SUCCESS) {
    request.inputs = static_cast<uint32_t>(inputs.size());
  }
  if (root["dimensions"].get(dimensions) == simdjson::SUCCESS) {
    request.dimensions = static_cast<uint32_t>(
        std::clamp<uint64_t>(dimensions, 1, kMostDimensions));
  }
  if (root["encoding_format"].get(format) == simdjson::SUCCESS) {
    request.float_embeddings = format != "base64";
  }
}

bool IsTrue(const simdjson::simdjson_result<element>& member) {
  bool value = false;
  return member.get(value) == simdjson::SUCCESS && value;
}

void ReadOptions(const object& root, ModelRequest& request) {
  uint64_t limit = 0;
  request.stream = IsTrue(root["stream"]);
  request.include_usage = IsTrue(root["stream_options"]["include_usage"]);
  if (root["max_completion_tokens"].get(limit) == simdjson::SUCCESS ||
      root["max_tokens"].get(limit) == simdjson::SUCCESS) {
    request.max_tokens =
        static_cast<uint32_t>(std::clamp<uint64_t>(limit, 1, 1'000'000));
  }
}

}  // namespace

absl::StatusOr<ModelRequest> ReadModelRequest(absl::string_view body,
                                              simdjson::dom::parser& parser) {
  object root;
  if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError("the body is not a JSON object");
  }
  std::string_view model;
  if (root["model"].get(model) != simdjson::SUCCESS || model.empty()) {
    return absl::InvalidArgumentError("you must provide a model parameter");
  }
  ModelRequest request;
  const size_t slash = std::min(model.find('/'), model.size());
  request.model = std::string(model.substr(0, slash));
  request.controls = std::string(model.substr(slash));
  ReadOptions(root, request);
  ReadEmbeddingMembers(root, request);
  MeasureText(root, request);
  return request;
}

}  // namespace holt::demo
