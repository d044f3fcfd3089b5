// What each child may do, as a file it loads on itself: the seccomp program and
// the Landlock rules of its role (docs/sandbox.md is the page about them). Made
// by the supervisor at start, handed to each child of the role at kSandboxFd.
// The rules of a role stand in <role>_policy.cc. Nothing here reads hostile
// input.
#ifndef HOLT_SUPERVISOR_SANDBOX_POLICIES_H_
#define HOLT_SUPERVISOR_SANDBOX_POLICIES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/unique_fd.h"
#include "common/ipc/descriptors.h"

namespace holt::supervisor {

enum class SandboxLevel {
  kNone,      // not even seccomp
  kBaseline,  // seccomp
  kFull,      // seccomp, and Landlock for files, TCP and signals
};

// "none", "baseline", "full".
absl::string_view NameOf(SandboxLevel level);
// The level of that name; InvalidArgument otherwise.
absl::StatusOr<SandboxLevel> ParseSandboxLevel(absl::string_view name);

// What this kernel, and whatever contains us, lets us have.
struct SandboxReport {
  SandboxLevel level = SandboxLevel::kNone;
  bool seccomp = false;
  int landlock_abi = 0;  // 0: none; files need 1, TCP 4, signals 6
  // One sentence for health; empty when nothing is missing.
  std::string missing;

  // "full", or "baseline: no Landlock ...".
  [[nodiscard]] std::string Describe() const;
};
SandboxReport ProbeSandbox();

// FailedPrecondition, saying what is missing, when `report` is below `minimum`.
absl::Status RequireSandbox(const SandboxReport& report, SandboxLevel minimum);

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
