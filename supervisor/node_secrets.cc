#include "supervisor/node_secrets.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"
#include "common/ipc/shared_memory.h"
#include "common/secret/secret_access.h"

namespace holt::supervisor {
namespace {

SecretBytes Copy(SecretArena& arena, const SecretBytes& secret) {
  const SecretAccess access;
  SecretBytes copy(arena, secret.size());
  const auto from = secret.Reveal(access);
  std::copy(from.begin(), from.end(), copy.RevealMutable(access).begin());
  return copy;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const TlsIdentities>> LoadIdentities(
    const NodeConfig& config, SecretArena& arena) {
  std::vector<IdentityFiles> files;
  for (const auto& identity : config.gateway.tls_identities()) {
    files.push_back({identity.certificate_file(), identity.key_file()});
  }
  return TlsIdentities::Load(arena, files);
}

absl::StatusOr<std::vector<uint16_t>> LoadCredentials(
    const NodeConfig& config, const SecretBytes& environment_credential,
    Vault& vault) {
  std::vector<SecretBytes> loaded;
  for (int i = 0; i < config.gateway.upstreams_size(); ++i) {
    const std::string& file = config.gateway.upstreams(i).credential_file();
    if (!file.empty()) {
      ASSIGN_OR_RETURN(SecretBytes credential,
                       LoadCredentialFile(vault.arena(), file));
      loaded.push_back(std::move(credential));
    } else if (config.HasCredential(i)) {
      loaded.push_back(Copy(vault.arena(), environment_credential));
    } else {
      loaded.emplace_back();
    }
  }
  std::vector<uint16_t> changed;
  for (uint16_t i = 0; i < loaded.size(); ++i) {
    if (vault.SetCredential(i, std::move(loaded[i]))) changed.push_back(i);
  }
  return changed;
}

absl::StatusOr<UniqueFd> MakeCredentialFile(const SecretBytes& credential) {
  const auto bytes = credential.Reveal(SecretAccess());
  return MakeSealedFile(
      "holt-credential",
      absl::string_view(reinterpret_cast<const char*>(bytes.data()),
                        bytes.size()));
}

}  // namespace holt::supervisor
