// UsageService of the public API: what was used and what it costs. Runs in the
// admin-service, on gRPC's threads; requests are hostile.
#ifndef HOLT_ADMIN_SERVICE_RPC_USAGE_SERVICE_H_
#define HOLT_ADMIN_SERVICE_RPC_USAGE_SERVICE_H_

#include <string>
#include <utility>

#include "admin-service/ledger/usage_ledger.h"
#include "admin-service/store/store.h"
#include "proto/holt/admin/v1/usage_service.grpc.pb.h"

namespace holt::admin {

class UsageService final : public v1::UsageService::Service {
 public:
  // Store and ledger outlive it. `currency`: ISO 4217.
  UsageService(Store& store, UsageLedger& ledger, std::string currency)
      : store_(store), ledger_(ledger), currency_(std::move(currency)) {}

  grpc::Status QueryUsage(grpc::ServerContext* context,
                          const v1::QueryUsageRequest* request,
                          v1::QueryUsageResponse* response) override;

 private:
  absl::Status Query(const v1::QueryUsageRequest& request,
                     v1::QueryUsageResponse& response);
  absl::StatusOr<UsageQuery> Decode(const v1::QueryUsageRequest& request);

  Store& store_;
  UsageLedger& ledger_;
  const std::string currency_;
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_RPC_USAGE_SERVICE_H_
