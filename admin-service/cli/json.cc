#include "admin-service/cli/json.h"

#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/check.h"

namespace holt::admin::cli {
namespace {

std::string Print(const google::protobuf::Message& message, bool spaced) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = spaced;
  options.always_print_primitive_fields = true;
  std::string json;
  // Fails on messages with Any or broken UTF-8 only; ours have neither.
  HOLT_CHECK(
      google::protobuf::util::MessageToJsonString(message, &json, options)
          .ok());
  return json;
}

}  // namespace

std::string JsonText(absl::string_view text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      absl::StrAppend(&quoted, "\\", std::string(1, letter));
    } else if (static_cast<unsigned char>(letter) < 0x20) {
      absl::StrAppendFormat(&quoted, "\\u%04x", static_cast<unsigned>(letter));
    } else {
      quoted.push_back(letter);
    }
  }
  return absl::StrCat(quoted, "\"");
}

std::string JsonObject(const google::protobuf::Message& message) {
  return Print(message, /*spaced=*/true);
}

std::string JsonArray(
    absl::Span<const google::protobuf::Message* const> messages) {
  std::string json = "[";
  const char* separator = "\n";
  for (const google::protobuf::Message* message : messages) {
    absl::StrAppend(&json, separator, Print(*message, /*spaced=*/false));
    separator = ",\n";
  }
  return absl::StrCat(json, messages.empty() ? "]\n" : "\n]\n");
}

}  // namespace holt::admin::cli
