// How much of a sandbox this machine gives, asked at start, held against the
// configured minimum, and shown in health. Supervisor only.
#ifndef HOLT_SUPERVISOR_SANDBOX_SANDBOX_REPORT_H_
#define HOLT_SUPERVISOR_SANDBOX_SANDBOX_REPORT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

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

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_SANDBOX_SANDBOX_REPORT_H_
