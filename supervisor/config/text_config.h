// holt.textproto as a GatewayConfig: the supervisor's only use of a parser on a
// file, and that file is the operator's own. Supervisor, at start and on
// reload. Unknown fields are refused; each complaint has file, line and column.
#ifndef HOLT_SUPERVISOR_CONFIG_TEXT_CONFIG_H_
#define HOLT_SUPERVISOR_CONFIG_TEXT_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/holt/config/v1/config.pb.h"
#include "supervisor/config/origins.h"

namespace holt::supervisor {

// No configuration is larger.
inline constexpr size_t kMaxConfigSize = 1 << 20;

struct TextConfig {
  holt::config::v1::GatewayConfig gateway;
  Origins origins;
};

// InvalidArgument lists the first complaints, one a line, each as
// "FILE:LINE:COLUMN: sentence".
absl::StatusOr<TextConfig> ParseTextConfig(const std::string& text,
                                           absl::string_view file_name);

// Reads and parses a file of at most kMaxConfigSize bytes.
absl::StatusOr<TextConfig> LoadTextConfig(const std::string& path);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_CONFIG_TEXT_CONFIG_H_
