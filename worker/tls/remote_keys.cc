#include "worker/tls/remote_keys.h"

#include <openssl/core_dispatch.h>

namespace holt::worker {
namespace {

const OSSL_ALGORITHM* Query(void* /*context*/, int operation, int* no_cache) {
  *no_cache = 0;
  switch (operation) {
    case OSSL_OP_KEYMGMT:
      return RemoteKeyManagers();
    case OSSL_OP_SIGNATURE:
      return RemoteSignatures();
    default:
      return nullptr;
  }
}

void Teardown(void* context) { delete static_cast<RemoteKeys*>(context); }

template <typename Function>
OSSL_DISPATCH Entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

}  // namespace

int InitRemoteProvider(const OSSL_CORE_HANDLE* /*handle*/,
                       const OSSL_DISPATCH* /*in*/, const OSSL_DISPATCH** out,
                       void** context) {
  static const OSSL_DISPATCH kDispatch[] = {
      Entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, Query),
      Entry(OSSL_FUNC_PROVIDER_TEARDOWN, Teardown),
      {0, nullptr}};
  *out = kDispatch;
  *context = new RemoteKeys;
  return 1;
}

}  // namespace holt::worker
