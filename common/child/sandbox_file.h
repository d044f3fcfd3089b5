// The file that shuts a child in: what the supervisor (supervisor/sandbox)
// writes and EnterSandbox() reads from kSandboxFd. A fixed header, then the
// Landlock rules, then the seccomp program as the kernel takes it. Trusted
// direction; sizes and magic are checked all the same, since a sandbox that was
// read wrongly is none.
#ifndef HOLT_COMMON_CHILD_SANDBOX_FILE_H_
#define HOLT_COMMON_CHILD_SANDBOX_FILE_H_

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/ipc/descriptors.h"

namespace holt {

// What a rule lets a child do below a path (or with that one file).
enum class PathAccess : uint16_t {
  kRead = 1,
  // Also write, make, truncate and remove regular files.
  kReadWrite = 2,
};

struct SandboxPathRule {
  PathAccess access{};
  uint16_t reserved = 0;
  // A descriptor the child was started with, or -1: `path` says it.
  int32_t descriptor = -1;
  // Absolute, zero-terminated. A path that does not exist grants nothing.
  char path[56] = {};
};
static_assert(sizeof(SandboxPathRule) == 64);

struct SandboxHeader {
  static constexpr uint32_t kMagic = 0x484f4c53;  // "HOLS"
  static constexpr uint32_t kLayout = 1;
  uint32_t magic = kMagic;
  uint32_t layout = kLayout;
  uint16_t role = 0;
  // Landlock ABI to enforce, 0 for none. A kernel that has less is an error:
  // the supervisor asked it before.
  uint16_t landlock_abi = 0;
  // 1: on a forbidden call write its number to ChildCounters::forbidden_call
  // before dying (the program traps instead of killing).
  uint16_t name_violations = 0;
  uint16_t path_rule_count = 0;
  uint16_t connect_port_count = 0;  // TCP ports that may be connected to
  uint16_t program_length = 0;  // instructions; 0: no seccomp on this machine
  uint32_t reserved = 0;
};
static_assert(sizeof(SandboxHeader) == 24);

inline constexpr size_t kMaxSandboxPathRules = 16;
inline constexpr size_t kMaxSandboxConnectPorts = 32;
inline constexpr size_t kMaxSandboxProgram = 4096;  // BPF_MAXINSNS
inline constexpr size_t kMaxSandboxFile =
    sizeof(SandboxHeader) + kMaxSandboxPathRules * sizeof(SandboxPathRule) +
    kMaxSandboxConnectPorts * sizeof(uint16_t) +
    kMaxSandboxProgram * sizeof(sock_filter);

// The file's contents as values.
struct Sandbox {
  Role role = Role::kSupervisor;
  uint16_t landlock_abi = 0;
  bool name_violations = false;
  std::vector<SandboxPathRule> path_rules;
  std::vector<uint16_t> connect_ports;
  std::vector<sock_filter> program;
};

// InvalidArgument when a count is over its bound.
absl::StatusOr<std::string> EncodeSandbox(const Sandbox& sandbox);
// FailedPrecondition when the bytes are not exactly such a file.
absl::StatusOr<Sandbox> DecodeSandbox(absl::string_view file);

}  // namespace holt

#endif  // HOLT_COMMON_CHILD_SANDBOX_FILE_H_
