#include "supervisor/config/node_config.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "supervisor/config/config_checks.h"
#include "supervisor/config/config_defaults.h"
#include "supervisor/config/environment_overrides.h"
#include "supervisor/config/text_config.h"

namespace holt::supervisor {

absl::StatusOr<NodeConfig> LoadNodeConfig(const std::string& path,
                                          const Environment& environment,
                                          uint32_t cpus) {
  NodeConfig node;
  if (!path.empty()) {
    ASSIGN_OR_RETURN(TextConfig file, LoadTextConfig(path));
    node.gateway = std::move(file.gateway);
    node.origins = std::move(file.origins);
  }
  RETURN_IF_ERROR(
      ApplyEnvironment(environment, node.gateway, node.origins, node.notices));
  FillDefaults(cpus, node.gateway);
  ASSIGN_OR_RETURN(node.upstream_urls,
                   CheckConfig(node.origins, node.gateway, node.notices));
  ASSIGN_OR_RETURN(node.environment_keys,
                   ReadEnvironmentKeys(environment, node.notices));
  node.environment_credential =
      environment.Get("PRIVATEMODE_API_KEY").has_value();
  return node;
}

absl::StatusOr<std::string> ChooseStateDirectory(
    const holt::config::v1::GatewayConfig& gateway,
    const Environment& environment) {
  if (!gateway.state_dir().empty()) return gateway.state_dir();
  const auto state_home = environment.Get("XDG_STATE_HOME");
  if (state_home.has_value() && absl::StartsWith(*state_home, "/")) {
    return absl::StrCat(*state_home, "/holt");
  }
  const auto home = environment.Get("HOME");
  if (home.has_value() && absl::StartsWith(*home, "/")) {
    return absl::StrCat(*home, "/.local/state/holt");
  }
  return absl::FailedPreconditionError(
      "there is no place for state: set HOLT_STATE_DIR, or state_dir in the "
      "configuration file");
}

}  // namespace holt::supervisor
