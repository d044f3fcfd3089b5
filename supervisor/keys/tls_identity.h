// A TLS identity of the configuration: a certificate chain and the private key
// that belongs to it. Supervisor only; the key never leaves it, the chain goes
// to the workers. Files are the operator's own, parsed with care but not
// hostile. The EVP_PKEY lives in the arena, as all OpenSSL memory does.
#ifndef HOLT_SUPERVISOR_KEYS_TLS_IDENTITY_H_
#define HOLT_SUPERVISOR_KEYS_TLS_IDENTITY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/ipc/settings.h"
#include "common/secret/secret_arena.h"
#include "supervisor/keys/openssl.h"

namespace holt::supervisor {

struct IdentityFiles {
  std::string certificate_file;  // PEM, the leaf first
  std::string key_file;          // PEM, unencrypted, mode 0600 or stricter
};

class TlsIdentity {
 public:
  // Reads both and checks that they belong together and that the key is of a
  // kind Holt serves (P-256, P-384, RSA of 2048 to 4096 bits, Ed25519). Every
  // failure is one sentence with the file and what to do.
  static absl::StatusOr<TlsIdentity> Load(SecretArena& arena,
                                          const IdentityFiles& files);

  [[nodiscard]] KeyKind kind() const { return kind_; }
  // The certificates of the file, and nothing else of it, as PEM.
  [[nodiscard]] const std::string& chain_pem() const { return chain_pem_; }
  [[nodiscard]] absl::Time not_before() const { return not_before_; }
  [[nodiscard]] absl::Time not_after() const { return not_after_; }
  // A sentence for the operator when the certificate is not valid at `now`, or
  // not for 14 days more; empty otherwise. It is served all the same.
  [[nodiscard]] std::string Warning(absl::Time now) const;

  // For the Signer.
  [[nodiscard]] EVP_PKEY* key() const { return key_.get(); }

 private:
  TlsIdentity() = default;

  std::string certificate_file_;
  KeyKind kind_ = KeyKind::kNone;
  std::string chain_pem_;
  absl::Time not_before_;
  absl::Time not_after_;
  EvpKeyPtr key_;
};

// The identities that one configuration names, in its order: what a child's
// SignRequest::identity counts in. Never changes once loaded.
class TlsIdentities {
 public:
  // At most kMaxIdentities, one per kind of key; none is fine (plain HTTP).
  static absl::StatusOr<std::shared_ptr<const TlsIdentities>> Load(
      SecretArena& arena, absl::Span<const IdentityFiles> files);

  [[nodiscard]] const std::vector<TlsIdentity>& all() const {
    return identities_;
  }

 private:
  TlsIdentities() = default;
  std::vector<TlsIdentity> identities_;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_KEYS_TLS_IDENTITY_H_
