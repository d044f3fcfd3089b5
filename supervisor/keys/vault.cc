#include "supervisor/keys/vault.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/ipc/frames.h"
#include "common/secret/secret_access.h"
#include "common/secret/secret_input.h"

namespace holt::supervisor {

absl::Status CheckCredential(const SecretBytes& credential,
                             const std::string& source) {
  if (credential.empty() || credential.size() > kMaxCredential) {
    return absl::InvalidArgumentError(absl::StrCat(
        source, " must hold a credential of 1 to ", kMaxCredential, " bytes"));
  }
  const auto bytes = credential.Reveal(SecretAccess());
  if (!std::all_of(bytes.begin(), bytes.end(), absl::ascii_isgraph)) {
    return absl::InvalidArgumentError(absl::StrCat(
        source,
        " must hold one credential of printable characters without spaces"));
  }
  return absl::OkStatus();
}

absl::StatusOr<SecretBytes> LoadCredentialFile(SecretArena& arena,
                                               const std::string& file) {
  // Room for the newlines at the end.
  constexpr size_t kMaxFile = kMaxCredential + 64;
  ASSIGN_OR_RETURN(
      SecretBytes credential,
      ReadSecretFile(arena, file, kMaxFile, FileAudience::kOwnerOnly));
  credential.TrimTrailingSpace();
  RETURN_IF_ERROR(CheckCredential(credential, file));
  return credential;
}

Vault::Vault(SecretArena& arena, const Clock& clock)
    : arena_(arena), tickets_(arena, clock) {}

bool Vault::SetCredential(uint16_t index, SecretBytes credential) {
  HOLT_CHECK(index < credentials_.size());
  if (credentials_[index].Equals(credential)) return false;
  credentials_[index] = std::move(credential);
  return true;
}

const SecretBytes* Vault::credential(uint16_t index) const {
  if (index >= credentials_.size() || credentials_[index].empty()) {
    return nullptr;
  }
  return &credentials_[index];
}

}  // namespace holt::supervisor
