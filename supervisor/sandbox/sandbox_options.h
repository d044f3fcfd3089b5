// What a child's sandbox is made from besides its role. Supervisor only.
#ifndef HOLT_SUPERVISOR_SANDBOX_SANDBOX_OPTIONS_H_
#define HOLT_SUPERVISOR_SANDBOX_SANDBOX_OPTIONS_H_

#include <cstdint>
#include <vector>

#include "supervisor/sandbox/sandbox_report.h"

namespace holt::supervisor {

enum class OnViolation {
  // The kernel kills the child at once. Which call it was, nobody learns.
  kKill,
  // The child writes the number of the call into its counters
  // (ChildCounters::forbidden_call), then dies of the same signal. For tests
  // and for finding out: a taken-over child can suppress the report, not the
  // refusal.
  kNameAndKill,
};

struct SandboxOptions {
  SandboxReport available;
  OnViolation on_violation = OnViolation::kKill;
  // The connector's: ports of the configured upstreams. DNS is added. Held by
  // Landlock (ABI 4).
  std::vector<uint16_t> connect_ports;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_SANDBOX_SANDBOX_OPTIONS_H_
