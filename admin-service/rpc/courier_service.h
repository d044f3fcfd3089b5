// The courier's side of the admin-service: keys go out, usage comes in. Runs in
// the admin-service, on gRPC's threads, behind a server that only the
// supervisor's socket pairs reach. The courier is hostile: what breaks a bound
// of courier.proto is refused whole.
#ifndef HOLT_ADMIN_SERVICE_RPC_COURIER_SERVICE_H_
#define HOLT_ADMIN_SERVICE_RPC_COURIER_SERVICE_H_

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "admin-service/keys/key_registry.h"
#include "admin-service/ledger/usage_ledger.h"
#include "admin-service/rpc/node_view.h"
#include "common/base/clock.h"
#include "proto/holt/internal/v1/courier.grpc.pb.h"

namespace holt::admin {

class CourierService final : public internal::v1::CourierService::Service {
 public:
  struct Parts {
    KeyRegistry& registry;
    UsageLedger& ledger;
    NodeView& view;
    const Clock& clock;
  };
  // The parts outlive it. `settings` go out with every snapshot.
  CourierService(const Parts& parts, const internal::v1::Settings& settings)
      : parts_(parts), settings_(settings) {}

  // Ends the stream that runs and refuses new ones.
  void Close();

  grpc::Status WatchKeys(
      grpc::ServerContext* context,
      const internal::v1::WatchKeysRequest* request,
      grpc::ServerWriter<internal::v1::KeyTableChange>* writer) override;
  grpc::Status GetKeyEpoch(
      grpc::ServerContext* context,
      const internal::v1::GetKeyEpochRequest* request,
      internal::v1::GetKeyEpochResponse* response) override;
  grpc::Status ReportUsage(
      grpc::ServerContext* context,
      const internal::v1::ReportUsageRequest* request,
      internal::v1::ReportUsageResponse* response) override;
  grpc::Status ReportNode(grpc::ServerContext* context,
                          const internal::v1::ReportNodeRequest* request,
                          internal::v1::ReportNodeResponse* response) override;

 private:
  // A new watch in place of the one before; null when closed or failed.
  std::shared_ptr<KeyWatch> ReplaceWatch();
  void EndWatch(const std::shared_ptr<KeyWatch>& watch);

  const Parts parts_;
  const internal::v1::Settings settings_;
  absl::Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<KeyWatch> watch_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_RPC_COURIER_SERVICE_H_
