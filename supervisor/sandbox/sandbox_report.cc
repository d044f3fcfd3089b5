#include "supervisor/sandbox/sandbox_report.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "absl/strings/str_cat.h"

namespace holt::supervisor {
namespace {

constexpr int kLandlockTcp = 4;
constexpr int kLandlockSignals = 6;

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

}  // namespace holt::supervisor
