#include "worker/tls/remote_key_provider.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <utility>

#include "absl/strings/string_view.h"
#include "common/base/status_macros.h"

namespace holt::worker {
namespace {

struct KindTraits {
  const char* algorithm;
  const char* group;  // null: the algorithm says all
};

KindTraits TraitsOf(KeyKind kind) {
  switch (kind) {
    case KeyKind::kEcdsaP256:
      return {"EC", "prime256v1"};
    case KeyKind::kEcdsaP384:
      return {"EC", "secp384r1"};
    case KeyKind::kRsa:
      return {"RSA", nullptr};
    case KeyKind::kEd25519:
      return {"ED25519", nullptr};
    case KeyKind::kNone:
      break;
  }
  return {nullptr, nullptr};
}

bool Fits(const EVP_PKEY& key, const KindTraits& traits) {
  if (traits.algorithm == nullptr ||
      EVP_PKEY_is_a(&key, traits.algorithm) != 1) {
    return false;
  }
  if (traits.group == nullptr) return true;
  char group[64];
  size_t size = 0;
  return EVP_PKEY_get_group_name(&key, group, sizeof(group), &size) == 1 &&
         absl::string_view(group, size) == traits.group;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RemoteKeyProvider>> RemoteKeyProvider::Create() {
  InitOpenSsl();
  std::unique_ptr<RemoteKeyProvider> provider(new RemoteKeyProvider());
  RETURN_IF_ERROR(provider->Load());
  return provider;
}

absl::Status RemoteKeyProvider::Load() {
  library_.reset(OSSL_LIB_CTX_new());
  if (library_ == nullptr) return OpenSslError("no library context");
  OSSL_LIB_CTX* library = library_.get();
  if (OSSL_PROVIDER_add_builtin(library, kRemoteProviderName,
                                InitRemoteProvider) != 1) {
    return OpenSslError("adding the remote key provider");
  }
  default_.reset(OSSL_PROVIDER_load(library, "default"));
  remote_.reset(OSSL_PROVIDER_load(library, kRemoteProviderName));
  // Whatever does not ask for a remote key (ephemeral keys, verification) is
  // the default provider's, whichever was registered first.
  if (default_ == nullptr || remote_ == nullptr ||
      EVP_set_default_properties(library, "?provider=default") != 1) {
    return OpenSslError("loading the remote key provider");
  }
  keys_ =
      static_cast<RemoteKeys*>(OSSL_PROVIDER_get0_provider_ctx(remote_.get()));
  return absl::OkStatus();
}

absl::StatusOr<KeyPtr> RemoteKeyProvider::KeyFor(uint16_t identity,
                                                 KeyKind kind, X509& leaf) {
  const KindTraits traits = TraitsOf(kind);
  KeyPtr public_key(X509_get_pubkey(&leaf));
  if (identity >= kMaxIdentities || public_key == nullptr ||
      !Fits(*public_key, traits)) {
    return OpenSslError("the certificate is not of the configured kind of key");
  }
  keys_->identities[identity] = {kind, std::move(public_key)};

  unsigned int index = identity;
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_uint(kIdentityParameter, &index),
      OSSL_PARAM_construct_end()};
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(
      library_.get(), traits.algorithm, kRemoteProviderProperty));
  EVP_PKEY* key = nullptr;
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters) !=
          1) {
    return OpenSslError("making a remote key");
  }
  return KeyPtr(key);
}

}  // namespace holt::worker
