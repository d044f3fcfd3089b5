// Everything one node's children are started with: programs, sandboxes,
// sockets, shared memory, journals, settings. Opened once by the supervisor,
// before the first child; lent to children by descriptor. Supervisor only.
#ifndef HOLT_SUPERVISOR_NODE_RESOURCES_H_
#define HOLT_SUPERVISOR_NODE_RESOURCES_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"
#include "common/ipc/descriptors.h"
#include "common/ipc/settings.h"
#include "supervisor/config/node_config.h"
#include "supervisor/keys/tls_identity.h"
#include "supervisor/listeners.h"
#include "supervisor/sandbox/policies.h"
#include "supervisor/state_dir.h"

namespace holt::supervisor {

// Indexed by Role.
inline constexpr size_t kRoleCount = 6;

struct NodeOptions {
  std::string bin_dir;
  std::string state_dir;
  bool demo = false;
};

class NodeResources {
 public:
  // Opens the programs, the state directory with its lock, the public port, the
  // admin socket and shared memory. Starts nothing; on failure nothing stays
  // behind.
  static absl::StatusOr<NodeResources> Open(NodeConfig config,
                                            const NodeOptions& options);

  // The second half, once the upstreams are known for sure: sandbox files,
  // authorities, and the settings of everybody but the workers. `secrets` is
  // the kind of memory that secrets are in, for status.
  absl::Status MakeSettings(const NodeOptions& options,
                            const std::string& secrets);
  // The certificates that workers started from now on serve.
  absl::Status SetIdentities(const TlsIdentities& identities);

  // The user a child of `role` becomes; none when all run as ours.
  [[nodiscard]] std::optional<uid_t> UserOf(Role role) const;
  // The journal of `slot`, made where it is missing; ours to keep.
  absl::StatusOr<int> Journal(uint16_t slot);
  // A worker's settings, sealed.
  [[nodiscard]] absl::StatusOr<UniqueFd> MakeWorkerSettings(
      uint16_t slot) const;

  [[nodiscard]] std::string url() const { return listener.Url(config.tls()); }
  [[nodiscard]] uint16_t worker_count() const {
    return static_cast<uint16_t>(config.gateway.processes().workers());
  }
  [[nodiscard]] const UniqueFd& program(Role role) const {
    return programs_[static_cast<size_t>(role)];
  }
  [[nodiscard]] const UniqueFd& sandbox(Role role) const {
    return sandboxes_[static_cast<size_t>(role)];
  }

  NodeConfig config;
  bool separate_users = false;
  SandboxReport sandbox_report;
  StateDir state;
  std::map<uint16_t, UniqueFd> journals;  // by slot, orphans included
  PublicListener listener;
  UniqueFd admin_directory;
  UniqueFd admin_listener;
  UniqueFd key_table;
  UniqueFd key_table_read_only;
  UniqueFd limiter;
  UniqueFd certificates;
  UniqueFd authorities;
  UniqueFd connector_settings;
  UniqueFd courier_settings;
  UniqueFd admin_settings;

 private:
  absl::Status OpenPrograms(const NodeOptions& options);
  absl::Status OpenState(const NodeOptions& options);
  absl::Status OpenSharedMemory();
  absl::Status MakeSandboxes();
  absl::Status MakeAdminSettings(const NodeOptions& options,
                                 const std::string& secrets);

  std::array<UniqueFd, kRoleCount> programs_;
  std::array<UniqueFd, kRoleCount> sandboxes_;
  std::vector<KeyKind> identity_kinds_;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_NODE_RESOURCES_H_
