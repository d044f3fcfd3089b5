// Brings the secrets that a configuration names into the vault: at start, and
// again on SIGHUP. Supervisor only.
#ifndef HOLT_SUPERVISOR_NODE_SECRETS_H_
#define HOLT_SUPERVISOR_NODE_SECRETS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"
#include "common/secret/secret_bytes.h"
#include "supervisor/config/node_config.h"
#include "supervisor/keys/vault.h"

namespace holt::supervisor {

// The TLS identities of the configuration, files read and checked.
absl::StatusOr<std::shared_ptr<const TlsIdentities>> LoadIdentities(
    const NodeConfig& config, SecretArena& arena);

// Loads the credential of each upstream: its file, else
// `environment_credential` (empty: none). Nothing is replaced unless all could
// be loaded; the result names the upstreams whose credential changed.
absl::StatusOr<std::vector<uint16_t>> LoadCredentials(
    const NodeConfig& config, const SecretBytes& environment_credential,
    Vault& vault);

// A sealed file that holds the credential, for the sidecar: the one copy of a
// secret outside of an arena, because that program reads files only.
absl::StatusOr<UniqueFd> MakeCredentialFile(const SecretBytes& credential);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_NODE_SECRETS_H_
