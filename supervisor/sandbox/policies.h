// What each child may do, as a file it loads on itself: the seccomp program and
// the Landlock rules of its role (docs/sandbox.md is the page about them). Made
// by the supervisor at start, handed to each child of the role at kSandboxFd.
// The rules of a role stand in <role>_policy.cc. Nothing here reads hostile
// input.
#ifndef HOLT_SUPERVISOR_SANDBOX_POLICIES_H_
#define HOLT_SUPERVISOR_SANDBOX_POLICIES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"
#include "common/ipc/descriptors.h"
#include "supervisor/sandbox/sandbox_options.h"

namespace holt::supervisor {

// The sealed file for a child of `role`: worker, courier, connector or
// admin-service (anything else is InvalidArgument: kManaged programs are not
// ours to confine by call).
absl::StatusOr<UniqueFd> MakeSandboxFile(Role role,
                                         const SandboxOptions& options);

// A sentence about a child that died of SIGSYS. `forbidden_call` is that member
// of its counters, a hostile number: 0 when it was not written.
std::string DescribeViolation(Role role, uint64_t forbidden_call);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_SANDBOX_POLICIES_H_
