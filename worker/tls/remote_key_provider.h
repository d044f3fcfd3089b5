// Private keys that are not here: an OpenSSL provider ("holt-remote", built in,
// never loaded from disk) whose keys have a public half only and whose
// signatures the supervisor makes. Worker. OpenSSL takes such a key for an
// ordinary EVP_PKEY, so libssl's handshake is used as it is.
//
// It lives in a library context of its own, beside OpenSSL's default provider,
// which does all other cryptography of the TLS server.
#ifndef HOLT_WORKER_TLS_REMOTE_KEY_PROVIDER_H_
#define HOLT_WORKER_TLS_REMOTE_KEY_PROVIDER_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/ipc/settings.h"
#include "worker/tls/openssl.h"
#include "worker/tls/remote_keys.h"
#include "worker/tls/remote_signature.h"

namespace holt::worker {

class RemoteKeyProvider {
 public:
  static absl::StatusOr<std::unique_ptr<RemoteKeyProvider>> Create();

  // For SSL_CTX_new_ex and everything else that meets these keys.
  [[nodiscard]] OSSL_LIB_CTX* library() const { return library_.get(); }

  // The private key of TLS identity `identity`, whose certificate is `leaf`.
  // InvalidArgument when the certificate's key is not of `kind`. The provider
  // outlives the key and everything that holds a reference to it.
  absl::StatusOr<KeyPtr> KeyFor(uint16_t identity, KeyKind kind, X509& leaf);

  // While a scope lives, signatures that OpenSSL asks for, inside a job, go
  // through `signature`. Every entry into a handshake needs one.
  class SigningScope {
   public:
    SigningScope(RemoteKeyProvider& provider, RemoteSignature& signature)
        : keys_(*provider.keys_) {
      keys_.active = &signature;
    }
    ~SigningScope() { keys_.active = nullptr; }
    SigningScope(const SigningScope&) = delete;
    SigningScope& operator=(const SigningScope&) = delete;

   private:
    RemoteKeys& keys_;
  };

 private:
  RemoteKeyProvider() = default;
  absl::Status Load();

  // Unloaded in reverse.
  LibraryPtr library_;
  ProviderPtr default_;
  ProviderPtr remote_;
  RemoteKeys* keys_ = nullptr;  // owned by remote_
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_TLS_REMOTE_KEY_PROVIDER_H_
