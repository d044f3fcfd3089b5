#include "common/child/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/unique_fd.h"

namespace holt {
namespace {

// The kernel's interface, spelt out here: the headers of Debian 12 end at ABI
// 2, and what is asked for is bounded by the ABI at run time, not by a header.
struct RulesetAttributes {
  uint64_t handled_files;
  uint64_t handled_network;  // ABI 4
  uint64_t scoped;           // ABI 6
};
struct PathBeneathAttributes {
  uint64_t allowed;
  int32_t parent;
} __attribute__((packed));
struct PortAttributes {
  uint64_t allowed;
  uint64_t port;
};
enum RuleType : int { kPathBeneath = 1, kPort = 2 };

constexpr uint64_t Bit(int bit) { return uint64_t{1} << bit; }
constexpr uint64_t kWriteFile = Bit(1);
constexpr uint64_t kReadFile = Bit(2);
constexpr uint64_t kReadDirectory = Bit(3);
constexpr uint64_t kRemoveFile = Bit(5);
constexpr uint64_t kMakeRegular = Bit(8);
constexpr uint64_t kTruncate = Bit(14);
constexpr uint64_t kOnFiles = kWriteFile | kReadFile | kTruncate;

constexpr uint64_t kBindTcp = Bit(0);
constexpr uint64_t kConnectTcp = Bit(1);
constexpr uint64_t kScopeAbstractSockets = Bit(0);
constexpr uint64_t kScopeSignals = Bit(1);

// Everything that files can be asked for at `abi`.
uint64_t HandledFiles(int abi) {
  if (abi >= 5) return Bit(16) - 1;  // and device ioctls
  if (abi >= 3) return Bit(15) - 1;  // and truncation
  if (abi >= 2) return Bit(14) - 1;  // and moves between directories
  return Bit(13) - 1;
}

size_t AttributesSize(int abi) {
  if (abi >= 6) return 24;
  return abi >= 4 ? 16 : 8;
}

uint64_t RightsOf(PathAccess access) {
  switch (access) {
    case PathAccess::kRead:
      return kReadFile | kReadDirectory;
    case PathAccess::kReadWrite:
      return kReadFile | kReadDirectory | kWriteFile | kRemoveFile |
             kMakeRegular | kTruncate;
  }
  return 0;
}

absl::Status AddRule(int ruleset, RuleType type, const void* attributes) {
  if (::syscall(SYS_landlock_add_rule, ruleset, type, attributes, 0) != 0) {
    return ErrnoToStatus(errno, "adding a Landlock rule");
  }
  return absl::OkStatus();
}

absl::Status AddPath(int ruleset, uint64_t handled,
                     const SandboxPathRule& rule) {
  UniqueFd opened;
  int parent = rule.descriptor;
  if (parent < 0) {
    opened.reset(::open(rule.path, O_PATH | O_CLOEXEC));
    // What is not there cannot be read.
    if (!opened.valid()) return absl::OkStatus();
    parent = opened.get();
  }
  struct stat info {};
  if (::fstat(parent, &info) != 0) {
    return ErrnoToStatus(errno, "a descriptor of the sandbox file");
  }
  uint64_t allowed = RightsOf(rule.access) & handled;
  if (!S_ISDIR(info.st_mode)) allowed &= kOnFiles;
  const PathBeneathAttributes attributes = {allowed, parent};
  return AddRule(ruleset, kPathBeneath, &attributes);
}

absl::Status AddPort(int ruleset, uint16_t port) {
  const PortAttributes attributes = {kConnectTcp, port};
  return AddRule(ruleset, kPort, &attributes);
}

}  // namespace

absl::Status EnforceLandlock(const Sandbox& sandbox) {
  const int abi = sandbox.landlock_abi;
  if (abi == 0) return absl::OkStatus();
  RulesetAttributes attributes = {.handled_files = HandledFiles(abi)};
  if (abi >= 4) attributes.handled_network = kBindTcp | kConnectTcp;
  if (abi >= 6) attributes.scoped = kScopeAbstractSockets | kScopeSignals;
  const UniqueFd ruleset(static_cast<int>(::syscall(
      SYS_landlock_create_ruleset, &attributes, AttributesSize(abi), 0)));
  if (!ruleset.valid()) return ErrnoToStatus(errno, "Landlock ruleset");
  for (const SandboxPathRule& rule : sandbox.path_rules) {
    RETURN_IF_ERROR(AddPath(ruleset.get(), attributes.handled_files, rule));
  }
  if (abi >= 4) {
    for (const uint16_t port : sandbox.connect_ports) {
      RETURN_IF_ERROR(AddPort(ruleset.get(), port));
    }
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    return ErrnoToStatus(errno, "enforcing Landlock");
  }
  return absl::OkStatus();
}

}  // namespace holt
