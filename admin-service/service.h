// The admin-service as one object: store, keys, ledger, services, servers, put
// together from the settings. Runs in the admin-service; main feeds it what
// comes from the supervisor, tests what they like.
#ifndef HOLT_ADMIN_SERVICE_SERVICE_H_
#define HOLT_ADMIN_SERVICE_SERVICE_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "admin-service/keys/key_registry.h"
#include "admin-service/keys/keys_file_importer.h"
#include "admin-service/ledger/usage_ledger.h"
#include "admin-service/rpc/api_key_service.h"
#include "admin-service/rpc/callers.h"
#include "admin-service/rpc/courier_service.h"
#include "admin-service/rpc/node_view.h"
#include "admin-service/rpc/operator_listener.h"
#include "admin-service/rpc/servers.h"
#include "admin-service/rpc/status_service.h"
#include "admin-service/rpc/usage_service.h"
#include "admin-service/store/store.h"
#include "common/base/clock.h"
#include "common/base/unique_fd.h"
#include "proto/holt/config/v1/config.pb.h"

namespace holt::admin {

class AdminService {
 public:
  // Brings environment keys and prices into the store and starts to serve what
  // is handed in below. FailedPrecondition or InvalidArgument: the settings
  // make no sense, and the message says which. The clock outlives it.
  static absl::StatusOr<std::unique_ptr<AdminService>> Create(
      std::unique_ptr<Store> store, config::v1::AdminServiceSettings settings,
      const Clock& clock);
  ~AdminService();

  // The other end of a courier's socket pair.
  void ServeCourier(UniqueFd connection);
  // The listening socket of the operators; once.
  absl::Status ServeOperators(UniqueFd listener);
  // The keys file changed; an invalid descriptor means that it is missing. A
  // file that cannot be used leaves the last keys in force.
  absl::Status ReloadKeysFile(UniqueFd file);
  // Refuses what is new, lets calls finish until the deadline.
  void Drain(absl::Duration deadline);

 private:
  AdminService(std::unique_ptr<Store> store,
               config::v1::AdminServiceSettings settings, const Clock& clock)
      : store_(std::move(store)),
        settings_(std::move(settings)),
        clock_(clock) {}
  absl::Status Start();
  absl::Status SyncOtherSources();

  // In the order in which they are made; destroyed the other way round.
  const std::unique_ptr<Store> store_;
  const config::v1::AdminServiceSettings settings_;
  const Clock& clock_;
  Callers callers_;
  NodeView view_;
  std::unique_ptr<KeyRegistry> registry_;
  std::unique_ptr<KeysFileImporter> keys_file_;
  std::unique_ptr<UsageLedger> ledger_;
  std::unique_ptr<CourierService> courier_service_;
  std::unique_ptr<ApiKeyService> api_key_service_;
  std::unique_ptr<UsageService> usage_service_;
  std::unique_ptr<StatusService> status_service_;
  std::unique_ptr<Servers> servers_;
  std::unique_ptr<OperatorListener> listener_;
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_SERVICE_H_
