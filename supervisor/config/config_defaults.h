// What a configuration means where it says nothing: config.proto's comments as
// code. Supervisor.
#ifndef HOLT_SUPERVISOR_CONFIG_CONFIG_DEFAULTS_H_
#define HOLT_SUPERVISOR_CONFIG_CONFIG_DEFAULTS_H_

#include <cstdint>

#include "proto/holt/config/v1/config.pb.h"

namespace holt::supervisor {

// The CPUs this process may run on, at least 1.
uint32_t UsableCpus();

// Fills in every field that is not set, the upstream and the prices included.
// `cpus` decides the number of workers. Values that are set are left as they
// are, right or wrong: CheckConfig judges them.
void FillDefaults(uint32_t cpus, holt::config::v1::GatewayConfig& gateway);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_CONFIG_CONFIG_DEFAULTS_H_
