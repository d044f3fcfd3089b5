// Everything secret that the service runs on: the private keys of its TLS
// identities, the credentials of its upstreams, the ticket keys. Supervisor
// only, all of it in the SecretArena. Loading is done before anything is
// replaced, so that a reload with a broken file changes nothing.
#ifndef HOLT_SUPERVISOR_KEYS_VAULT_H_
#define HOLT_SUPERVISOR_KEYS_VAULT_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/ipc/settings.h"
#include "common/secret/secret_arena.h"
#include "common/secret/secret_bytes.h"
#include "supervisor/keys/ticket_key_ring.h"
#include "supervisor/keys/tls_identity.h"

namespace holt::supervisor {

// The upstream credential in `file`, without the newline at its end. It goes
// into a header field, so printable ASCII without spaces is all it may hold;
// at most kMaxCredential bytes. One sentence with the file otherwise.
absl::StatusOr<SecretBytes> LoadCredentialFile(SecretArena& arena,
                                               const std::string& file);
// The same rules for a credential that came another way; `source` names it.
absl::Status CheckCredential(const SecretBytes& credential,
                             const std::string& source);

class Vault {
 public:
  // Both outlive the vault.
  Vault(SecretArena& arena, const Clock& clock);

  // The identities that children started from now on serve. A shared_ptr
  // because a child that drains after a reload still signs with those it was
  // started with (ChildSession holds them).
  void SetIdentities(std::shared_ptr<const TlsIdentities> identities) {
    identities_ = std::move(identities);
  }
  [[nodiscard]] const std::shared_ptr<const TlsIdentities>& identities() const {
    return identities_;
  }

  // The credential of upstream `index` (below kMaxUpstreams); an empty one
  // removes it. True when it differs from the one before: tell the workers.
  bool SetCredential(uint16_t index, SecretBytes credential);
  // Null when that upstream has none, or there is no such upstream.
  [[nodiscard]] const SecretBytes* credential(uint16_t index) const;

  TicketKeyRing& tickets() { return tickets_; }
  [[nodiscard]] SecretArena& arena() const { return arena_; }

 private:
  SecretArena& arena_;
  std::shared_ptr<const TlsIdentities> identities_;
  std::array<SecretBytes, kMaxUpstreams> credentials_;
  TicketKeyRing tickets_;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_KEYS_VAULT_H_
