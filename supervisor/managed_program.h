// A program that is not Holt's own and runs beside it: the sidecar that speaks
// to the attested service, or the demo upstream. It is given no descriptor of
// ours but standard error, and the environment that is configured. Supervisor
// only.
#ifndef HOLT_SUPERVISOR_MANAGED_PROGRAM_H_
#define HOLT_SUPERVISOR_MANAGED_PROGRAM_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"
#include "proto/holt/config/v1/config.pb.h"
#include "supervisor/launcher.h"
#include "supervisor/state_dir.h"

namespace holt::supervisor {

class ManagedProgram {
 public:
  // The configured sidecar. "{credential}" in an argument becomes the path of a
  // descriptor that holds `credential` (invalid: there is none to give).
  static absl::StatusOr<ManagedProgram> MakeSidecar(
      const holt::config::v1::Sidecar& sidecar, const StateDir& state,
      std::optional<uid_t> user, UniqueFd credential);
  // holt-demo-upstream of `bin_dir`.
  static absl::StatusOr<ManagedProgram> MakeDemoUpstream(
      const std::string& bin_dir, std::optional<uid_t> user);

  // How to start it. Borrows descriptors of this object.
  [[nodiscard]] const LaunchSpec& spec() const { return spec_; }

  // Starts the demo upstream and waits until it says on which port it listens;
  // later starts use that port again.
  struct Started {
    pid_t pid = 0;
    uint16_t port = 0;
  };
  absl::StatusOr<Started> StartDemo();

 private:
  ManagedProgram() = default;
  UniqueFd binary_;
  UniqueFd directory_;
  UniqueFd credential_;
  LaunchSpec spec_;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_MANAGED_PROGRAM_H_
