// Messages as JSON, the way protobuf spells them. Runs in holtctl.
#ifndef HOLT_ADMIN_SERVICE_CLI_JSON_H_
#define HOLT_ADMIN_SERVICE_CLI_JSON_H_

#include <google/protobuf/message.h>

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace holt::admin::cli {

// A quoted string.
std::string JsonText(absl::string_view text);
// One object, with zeros shown, ending in a new line.
std::string JsonObject(const google::protobuf::Message& message);
// An array of objects.
std::string JsonArray(
    absl::Span<const google::protobuf::Message* const> messages);

}  // namespace holt::admin::cli

#endif  // HOLT_ADMIN_SERVICE_CLI_JSON_H_
