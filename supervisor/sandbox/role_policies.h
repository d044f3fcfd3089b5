// What each role does, in one function and one file per role. policies.cc calls
// them; nobody else does.
#ifndef HOLT_SUPERVISOR_SANDBOX_ROLE_POLICIES_H_
#define HOLT_SUPERVISOR_SANDBOX_ROLE_POLICIES_H_

#include "supervisor/sandbox/policy_builder.h"
#include "supervisor/sandbox/sandbox_options.h"

namespace holt::supervisor {

void AllowWorker(PolicyBuilder& policy);
void AllowCourier(PolicyBuilder& policy);
void AllowConnector(PolicyBuilder& policy, const SandboxOptions& options);
void AllowAdminService(PolicyBuilder& policy);

// What the sanitizers' runtime does on top, in builds with one; nothing
// otherwise. True when the policy was widened.
bool AllowSanitizer(PolicyBuilder& policy);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_SANDBOX_ROLE_POLICIES_H_
