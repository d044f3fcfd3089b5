// The earlier proxy's environment variables, applied over the file: one table
// of names. Supervisor, at start. PRIVATEMODE_API_KEY and ADMIN_PASSWORD are
// secrets and not read here; they go straight into the arena.
#ifndef HOLT_SUPERVISOR_CONFIG_ENVIRONMENT_OVERRIDES_H_
#define HOLT_SUPERVISOR_CONFIG_ENVIRONMENT_OVERRIDES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/holt/config/v1/config.pb.h"
#include "supervisor/config/environment.h"
#include "supervisor/config/origins.h"

namespace holt::supervisor {

// Overwrites the fields whose variables are set and notes the variable as their
// origin. `notices` gets a sentence for each variable that is accepted and has
// no effect. InvalidArgument names the variable and a value that would do.
absl::Status ApplyEnvironment(const Environment& environment,
                              holt::config::v1::GatewayConfig& gateway,
                              Origins& origins,
                              std::vector<std::string>& notices);

// API_KEYS: plain keys, comma separated, trimmed, empty parts skipped but
// counted. Digests and hints only; the plain keys stay in the environment block
// until it is scrubbed. InvalidArgument when a key is given twice.
absl::StatusOr<std::vector<holt::config::v1::EnvironmentKey>>
ReadEnvironmentKeys(const Environment& environment,
                    std::vector<std::string>& notices);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_CONFIG_ENVIRONMENT_OVERRIDES_H_
