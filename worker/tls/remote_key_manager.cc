// The key manager of the provider "holt-remote": keys that answer questions
// about their public half and have no other.
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "worker/tls/remote_keys.h"

namespace holt::worker {
namespace {

const RemoteKey& KeyOf(const void* key) {
  return *static_cast<const RemoteKey*>(key);
}

void* NewKey(void* context) {
  return new RemoteKey{static_cast<RemoteKeys*>(context)};
}

void FreeKey(void* key) { delete static_cast<RemoteKey*>(key); }

int Has(const void* key, int /*selection*/) {
  return key != nullptr && KeyOf(key).set ? 1 : 0;
}

int Import(void* key, int /*selection*/, const OSSL_PARAM parameters[]) {
  const OSSL_PARAM* identity =
      OSSL_PARAM_locate_const(parameters, kIdentityParameter);
  unsigned int index = 0;
  if (identity == nullptr || OSSL_PARAM_get_uint(identity, &index) != 1 ||
      index >= kMaxIdentities) {
    return 0;
  }
  auto& remote = *static_cast<RemoteKey*>(key);
  remote.identity = static_cast<uint16_t>(index);
  remote.set = remote.get().public_key != nullptr;
  return remote.set ? 1 : 0;
}

const OSSL_PARAM* ImportTypes(int /*selection*/) {
  static const OSSL_PARAM kTypes[] = {
      OSSL_PARAM_uint(kIdentityParameter, nullptr), OSSL_PARAM_END};
  return kTypes;
}

// The public half, by which OpenSSL compares key and certificate. The private
// one is refused, which makes OpenSSL sign with this provider.
int Export(void* key, int selection, OSSL_CALLBACK* callback, void* argument) {
  const RemoteKey& remote = KeyOf(key);
  if (!remote.set || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) {
    return 0;
  }
  OSSL_PARAM* parameters = nullptr;
  if (EVP_PKEY_todata(remote.get().public_key.get(), EVP_PKEY_PUBLIC_KEY,
                      &parameters) != 1) {
    return 0;
  }
  const int taken = callback(parameters, argument);
  OSSL_PARAM_free(parameters);
  return taken;
}

const OSSL_PARAM* ExportTypes(int /*selection*/) {
  static const OSSL_PARAM kTypes[] = {
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
      OSSL_PARAM_END};
  return kTypes;
}

int GetParameters(void* key, OSSL_PARAM parameters[]) {
  const RemoteKey& remote = KeyOf(key);
  return remote.set
             ? EVP_PKEY_get_params(remote.get().public_key.get(), parameters)
             : 0;
}

const OSSL_PARAM* GettableParameters(void* /*context*/) {
  static const OSSL_PARAM kGettable[] = {
      OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
      OSSL_PARAM_END};
  return kGettable;
}

int Match(const void* one, const void* other, int /*selection*/) {
  const RemoteKey& a = KeyOf(one);
  const RemoteKey& b = KeyOf(other);
  if (!a.set || !b.set) return 0;
  return EVP_PKEY_eq(a.get().public_key.get(), b.get().public_key.get()) == 1
             ? 1
             : 0;
}

const char* EcOperation(int /*operation*/) { return "ECDSA"; }
const char* RsaOperation(int /*operation*/) { return "RSA"; }
const char* Ed25519Operation(int /*operation*/) { return "ED25519"; }

template <typename Function>
OSSL_DISPATCH Entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

// They differ in the name of the signature algorithm that goes with them.
template <const char* (*Operation)(int)>
const OSSL_DISPATCH* Manager() {
  static const OSSL_DISPATCH kDispatch[] = {
      Entry(OSSL_FUNC_KEYMGMT_NEW, NewKey),
      Entry(OSSL_FUNC_KEYMGMT_FREE, FreeKey),
      Entry(OSSL_FUNC_KEYMGMT_HAS, Has),
      Entry(OSSL_FUNC_KEYMGMT_IMPORT, Import),
      Entry(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, ImportTypes),
      Entry(OSSL_FUNC_KEYMGMT_EXPORT, Export),
      Entry(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, ExportTypes),
      Entry(OSSL_FUNC_KEYMGMT_GET_PARAMS, GetParameters),
      Entry(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, GettableParameters),
      Entry(OSSL_FUNC_KEYMGMT_MATCH, Match),
      Entry(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, Operation),
      {0, nullptr}};
  return kDispatch;
}

}  // namespace

const OSSL_ALGORITHM* RemoteKeyManagers() {
  static const OSSL_ALGORITHM kManagers[] = {
      {"EC:id-ecPublicKey:1.2.840.10045.2.1", kRemoteProviderProperty,
       Manager<EcOperation>(), nullptr},
      {"RSA:rsaEncryption:1.2.840.113549.1.1.1", kRemoteProviderProperty,
       Manager<RsaOperation>(), nullptr},
      {"ED25519:1.3.101.112", kRemoteProviderProperty,
       Manager<Ed25519Operation>(), nullptr},
      {nullptr, nullptr, nullptr, nullptr}};
  return kManagers;
}

}  // namespace holt::worker
