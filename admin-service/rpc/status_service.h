// StatusService of the public API. Runs in the admin-service, on gRPC's
// threads.
#ifndef HOLT_ADMIN_SERVICE_RPC_STATUS_SERVICE_H_
#define HOLT_ADMIN_SERVICE_RPC_STATUS_SERVICE_H_

#include "admin-service/keys/key_registry.h"
#include "admin-service/keys/keys_file_importer.h"
#include "admin-service/ledger/usage_ledger.h"
#include "admin-service/rpc/node_view.h"
#include "common/base/clock.h"
#include "proto/holt/admin/v1/status_service.grpc.pb.h"
#include "proto/holt/config/v1/config.pb.h"

namespace holt::admin {

class StatusService final : public v1::StatusService::Service {
 public:
  struct Parts {
    const config::v1::AdminServiceSettings& settings;
    const KeyRegistry& registry;
    const KeysFileImporter& keys_file;
    const UsageLedger& ledger;
    const NodeView& view;
    const Clock& clock;
  };
  // The parts outlive it.
  explicit StatusService(const Parts& parts) : parts_(parts) {}

  grpc::Status GetStatus(grpc::ServerContext* context,
                         const v1::GetStatusRequest* request,
                         v1::NodeStatus* response) override;

 private:
  const Parts parts_;
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_RPC_STATUS_SERVICE_H_
