// Judges a whole configuration, defaults filled in: ranges, names, what fits
// together. Touches no file. Supervisor.
#ifndef HOLT_SUPERVISOR_CONFIG_CONFIG_CHECKS_H_
#define HOLT_SUPERVISOR_CONFIG_CONFIG_CHECKS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/holt/config/v1/config.pb.h"
#include "supervisor/config/origins.h"
#include "supervisor/config/upstream_url.h"

namespace holt::supervisor {

// The upstreams' URLs, taken apart, in the order of the configuration.
// InvalidArgument: one sentence with the place and the fix. `notices` gets
// sentences about what is allowed and still worth knowing; limits beyond what
// is enforced exactly are lowered in `gateway`.
absl::StatusOr<std::vector<UpstreamUrl>> CheckConfig(
    const Origins& origins, holt::config::v1::GatewayConfig& gateway,
    std::vector<std::string>& notices);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_CONFIG_CONFIG_CHECKS_H_
