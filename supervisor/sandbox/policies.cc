#include "supervisor/sandbox/policies.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/child/sandbox_file.h"
#include "common/ipc/shared_memory.h"
#include "supervisor/sandbox/policy_builder.h"
#include "supervisor/sandbox/role_policies.h"

namespace holt::supervisor {
namespace {

constexpr int kLandlockTcp = 4;
constexpr int kLandlockSignals = 6;

absl::string_view NameOf(Role role) {
  switch (role) {
    case Role::kSupervisor:
      return "supervisor";
    case Role::kWorker:
      return "worker";
    case Role::kCourier:
      return "courier";
    case Role::kConnector:
      return "connector";
    case Role::kAdminService:
      return "admin-service";
    case Role::kManaged:
      return "managed program";
  }
  return "unknown role";
}

bool KernelHasSeccomp() {
  const uint32_t action = SECCOMP_RET_KILL_PROCESS;
  return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

int KernelLandlockAbi() {
  constexpr unsigned kVersion = 1;
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersion);
  return abi > 0 ? static_cast<int>(abi) : 0;
}

std::string Missing(bool seccomp, int landlock_abi) {
  if (!seccomp) return "this kernel or container refuses seccomp filters";
  if (landlock_abi == 0)
    return "no Landlock: files are kept by seccomp and uid";
  if (landlock_abi < kLandlockTcp) {
    return absl::StrCat("Landlock ABI ", landlock_abi,
                        " has no rules for TCP and signals");
  }
  if (landlock_abi < kLandlockSignals) {
    return absl::StrCat("Landlock ABI ", landlock_abi,
                        " has no rules for signals");
  }
  return "";
}

}  // namespace

absl::string_view NameOf(SandboxLevel level) {
  switch (level) {
    case SandboxLevel::kNone:
      return "none";
    case SandboxLevel::kBaseline:
      return "baseline";
    case SandboxLevel::kFull:
      return "full";
  }
  return "none";
}

absl::StatusOr<SandboxLevel> ParseSandboxLevel(absl::string_view name) {
  for (const SandboxLevel level :
       {SandboxLevel::kNone, SandboxLevel::kBaseline, SandboxLevel::kFull}) {
    if (name == NameOf(level)) return level;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "sandbox_minimum is \"", name, "\": write full, baseline or none"));
}

std::string SandboxReport::Describe() const {
  if (missing.empty()) return std::string(NameOf(level));
  return absl::StrCat(NameOf(level), ": ", missing);
}

SandboxReport ProbeSandbox() {
  SandboxReport report;
  report.seccomp = KernelHasSeccomp();
  report.landlock_abi = KernelLandlockAbi();
  report.missing = Missing(report.seccomp, report.landlock_abi);
  if (report.seccomp) {
    report.level =
        report.landlock_abi > 0 ? SandboxLevel::kFull : SandboxLevel::kBaseline;
  }
  return report;
}

absl::Status RequireSandbox(const SandboxReport& report, SandboxLevel minimum) {
  if (report.level >= minimum) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("sandbox_minimum is ", NameOf(minimum),
                   " and this machine gives ", report.Describe()));
}

absl::StatusOr<UniqueFd> MakeSandboxFile(Role role,
                                         const SandboxOptions& options) {
  PolicyBuilder policy;
  switch (role) {
    case Role::kWorker:
      AllowWorker(policy);
      break;
    case Role::kCourier:
      AllowCourier(policy);
      break;
    case Role::kConnector:
      AllowConnector(policy, options);
      break;
    case Role::kAdminService:
      AllowAdminService(policy);
      break;
    case Role::kSupervisor:
    case Role::kManaged:
      return absl::InvalidArgumentError("this role has no sandbox");
  }
  if (AllowSanitizer(policy)) {
    Log(Severity::kWarning, "sandbox_widened_for_sanitizer");
  }
  ASSIGN_OR_RETURN(const Sandbox sandbox, policy.Build(role, options));
  ASSIGN_OR_RETURN(const std::string file, EncodeSandbox(sandbox));
  return MakeSealedFile("holt-sandbox", file);
}

std::string DescribeViolation(Role role, uint64_t forbidden_call) {
  constexpr uint64_t kNumberEnd = 4096;
  if (forbidden_call == 0 || forbidden_call > kNumberEnd) {
    return absl::StrCat("the ", NameOf(role),
                        " made a system call that its sandbox forbids");
  }
  const int number = static_cast<int>(forbidden_call - 1);
  const std::unique_ptr<char, decltype(&std::free)> name(
      ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number), &std::free);
  return absl::StrCat(
      "the ", NameOf(role), " made the system call ",
      name == nullptr ? absl::StrCat("number ", number) : name.get(),
      ", which its sandbox forbids");
}

}  // namespace holt::supervisor
