// ApiKeyService of the public API: messages in, registry, messages out. Runs in
// the admin-service, on gRPC's threads. Callers passed the uid check at accept;
// what they send is hostile all the same.
#ifndef HOLT_ADMIN_SERVICE_RPC_API_KEY_SERVICE_H_
#define HOLT_ADMIN_SERVICE_RPC_API_KEY_SERVICE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "admin-service/keys/key_registry.h"
#include "admin-service/rpc/callers.h"
#include "common/base/clock.h"
#include "proto/holt/admin/v1/api_key_service.grpc.pb.h"

namespace holt::admin {

class ApiKeyService final : public v1::ApiKeyService::Service {
 public:
  // All three outlive it.
  ApiKeyService(KeyRegistry& registry, const Callers& callers,
                const Clock& clock)
      : registry_(registry), callers_(callers), clock_(clock) {}

  grpc::Status CreateApiKey(grpc::ServerContext* context,
                            const v1::CreateApiKeyRequest* request,
                            v1::CreateApiKeyResponse* response) override;
  grpc::Status GetApiKey(grpc::ServerContext* context,
                         const v1::GetApiKeyRequest* request,
                         v1::ApiKey* response) override;
  grpc::Status ListApiKeys(grpc::ServerContext* context,
                           const v1::ListApiKeysRequest* request,
                           v1::ListApiKeysResponse* response) override;
  grpc::Status RevokeApiKey(grpc::ServerContext* context,
                            const v1::RevokeApiKeyRequest* request,
                            v1::ApiKey* response) override;
  grpc::Status DisableApiKey(grpc::ServerContext* context,
                             const v1::DisableApiKeyRequest* request,
                             v1::ApiKey* response) override;
  grpc::Status EnableApiKey(grpc::ServerContext* context,
                            const v1::EnableApiKeyRequest* request,
                            v1::ApiKey* response) override;

 private:
  // A call that changes something, for the audit trail.
  struct Change {
    absl::string_view method;
    const std::string& name;
    Actor actor;
  };
  grpc::Status SetState(const Change& change, KeyState state,
                        v1::ApiKey* response);
  grpc::Status Refuse(const Change& change, const absl::Status& status);

  KeyRegistry& registry_;
  const Callers& callers_;
  const Clock& clock_;
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_RPC_API_KEY_SERVICE_H_
