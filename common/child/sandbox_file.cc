#include "common/child/sandbox_file.h"

#include <cstring>

namespace holt {
namespace {

template <typename T>
void AppendAll(const std::vector<T>& values, std::string& to) {
  to.append(reinterpret_cast<const char*>(values.data()),
            values.size() * sizeof(T));
}

// Takes `count` values off the front of `bytes`; false when it is too short.
template <typename T>
bool TakeAll(absl::string_view& bytes, size_t count, std::vector<T>& to) {
  if (bytes.size() < count * sizeof(T)) return false;
  to.resize(count);
  if (count != 0) std::memcpy(to.data(), bytes.data(), count * sizeof(T));
  bytes.remove_prefix(count * sizeof(T));
  return true;
}

bool WithinBounds(size_t path_rules, size_t ports, size_t program) {
  return path_rules <= kMaxSandboxPathRules &&
         ports <= kMaxSandboxConnectPorts && program <= kMaxSandboxProgram;
}

absl::Status NotASandbox() {
  return absl::FailedPreconditionError("sandbox file of another build");
}

}  // namespace

absl::StatusOr<std::string> EncodeSandbox(const Sandbox& sandbox) {
  if (!WithinBounds(sandbox.path_rules.size(), sandbox.connect_ports.size(),
                    sandbox.program.size())) {
    return absl::InvalidArgumentError("sandbox has too many rules");
  }
  SandboxHeader header;
  header.role = static_cast<uint16_t>(sandbox.role);
  header.landlock_abi = sandbox.landlock_abi;
  header.name_violations = sandbox.name_violations ? 1 : 0;
  header.path_rule_count = static_cast<uint16_t>(sandbox.path_rules.size());
  header.connect_port_count =
      static_cast<uint16_t>(sandbox.connect_ports.size());
  header.program_length = static_cast<uint16_t>(sandbox.program.size());
  std::string file(reinterpret_cast<const char*>(&header), sizeof(header));
  AppendAll(sandbox.path_rules, file);
  AppendAll(sandbox.connect_ports, file);
  AppendAll(sandbox.program, file);
  return file;
}

absl::StatusOr<Sandbox> DecodeSandbox(absl::string_view file) {
  SandboxHeader header;
  if (file.size() < sizeof(header)) return NotASandbox();
  std::memcpy(&header, file.data(), sizeof(header));
  file.remove_prefix(sizeof(header));
  if (header.magic != SandboxHeader::kMagic ||
      header.layout != SandboxHeader::kLayout || header.name_violations > 1 ||
      !WithinBounds(header.path_rule_count, header.connect_port_count,
                    header.program_length)) {
    return NotASandbox();
  }
  Sandbox sandbox;
  sandbox.role = static_cast<Role>(header.role);
  sandbox.landlock_abi = header.landlock_abi;
  sandbox.name_violations = header.name_violations == 1;
  if (!TakeAll(file, header.path_rule_count, sandbox.path_rules) ||
      !TakeAll(file, header.connect_port_count, sandbox.connect_ports) ||
      !TakeAll(file, header.program_length, sandbox.program) || !file.empty()) {
    return NotASandbox();
  }
  for (const SandboxPathRule& rule : sandbox.path_rules) {
    const bool terminated =
        std::memchr(rule.path, '\0', sizeof(rule.path)) != nullptr;
    if (!terminated) return NotASandbox();
  }
  return sandbox;
}

}  // namespace holt
