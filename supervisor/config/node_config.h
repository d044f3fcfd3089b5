// The whole configuration of one node: the file, then the environment over it,
// then defaults, then judged. Supervisor; touches no file but the
// configuration's own, starts nothing. No secret is in here.
#ifndef HOLT_SUPERVISOR_CONFIG_NODE_CONFIG_H_
#define HOLT_SUPERVISOR_CONFIG_NODE_CONFIG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/holt/config/v1/config.pb.h"
#include "supervisor/config/environment.h"
#include "supervisor/config/origins.h"
#include "supervisor/config/upstream_url.h"

namespace holt::supervisor {

struct NodeConfig {
  holt::config::v1::GatewayConfig gateway;  // every default filled in
  std::vector<UpstreamUrl> upstream_urls;   // one per upstream
  // PRIVATEMODE_API_KEY is set: the credential of every upstream that has no
  // credential_file.
  bool environment_credential = false;
  std::vector<holt::config::v1::EnvironmentKey> environment_keys;
  // Things to tell the operator once, a sentence each.
  std::vector<std::string> notices;
  // For complaints about files that the configuration names.
  Origins origins;

  [[nodiscard]] bool tls() const { return gateway.tls_identities_size() > 0; }
  // The upstream is sent a credential.
  [[nodiscard]] bool HasCredential(int upstream) const {
    return environment_credential ||
           !gateway.upstreams(upstream).credential_file().empty();
  }
};

// `path` is the configuration file, "" for none. `cpus` decides the number of
// workers where none is configured.
absl::StatusOr<NodeConfig> LoadNodeConfig(const std::string& path,
                                          const Environment& environment,
                                          uint32_t cpus);

// The state directory: configured (HOLT_STATE_DIR included), else
// $XDG_STATE_HOME/holt, else $HOME/.local/state/holt. FailedPrecondition when
// none of these is known.
absl::StatusOr<std::string> ChooseStateDirectory(
    const holt::config::v1::GatewayConfig& gateway,
    const Environment& environment);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_CONFIG_NODE_CONFIG_H_
