// The inside of the provider "holt-remote": what its key manager, its signature
// algorithm and RemoteKeyProvider share. Worker; for this folder only.
#ifndef HOLT_WORKER_TLS_REMOTE_KEYS_H_
#define HOLT_WORKER_TLS_REMOTE_KEYS_H_

#include <openssl/core.h>

#include <array>
#include <cstdint>

#include "common/ipc/settings.h"
#include "worker/tls/openssl.h"
#include "worker/tls/remote_signature.h"

namespace holt::worker {

inline constexpr char kRemoteProviderName[] = "holt-remote";
inline constexpr char kRemoteProviderProperty[] = "provider=holt-remote";
// The parameter by which a key is made: the index of its identity. Keys cannot
// be imported by their numbers.
inline constexpr char kIdentityParameter[] = "holt-identity";

struct RemoteIdentity {
  KeyKind kind = KeyKind::kNone;
  KeyPtr public_key;  // of the default provider
};

// The provider's context.
struct RemoteKeys {
  std::array<RemoteIdentity, kMaxIdentities> identities;
  // Where signatures go; null outside a SigningScope.
  RemoteSignature* active = nullptr;
};

// What OpenSSL holds as key data.
struct RemoteKey {
  RemoteKeys* keys = nullptr;
  uint16_t identity = 0;
  bool set = false;

  [[nodiscard]] const RemoteIdentity& get() const {
    return keys->identities[identity];
  }
};

// The algorithms of each operation, for the provider's query function.
const OSSL_ALGORITHM* RemoteKeyManagers();
const OSSL_ALGORITHM* RemoteSignatures();

// Entry point of the provider, for OSSL_PROVIDER_add_builtin.
int InitRemoteProvider(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in,
                       const OSSL_DISPATCH** out, void** context);

}  // namespace holt::worker

#endif  // HOLT_WORKER_TLS_REMOTE_KEYS_H_
