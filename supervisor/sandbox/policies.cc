#include "supervisor/sandbox/policies.h"

#include <seccomp.h>

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

}  // namespace

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
