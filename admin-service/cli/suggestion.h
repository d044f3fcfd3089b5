// The command that a misspelt one probably meant. Runs in holtctl.
#ifndef HOLT_ADMIN_SERVICE_CLI_SUGGESTION_H_
#define HOLT_ADMIN_SERVICE_CLI_SUGGESTION_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace holt::admin::cli {

// The nearest of `known`, or empty when none is near.
std::string Nearest(absl::string_view word,
                    absl::Span<const absl::string_view> known);

}  // namespace holt::admin::cli

#endif  // HOLT_ADMIN_SERVICE_CLI_SUGGESTION_H_
