// holt-admin-service: keys, usage ledger, prices and audit trail of a node. A
// child of the supervisor, with the state directory as its working directory.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "admin-service/heartbeat.h"
#include "admin-service/rpc/servers.h"
#include "admin-service/service.h"
#include "admin-service/store/sqlite_store.h"
#include "admin-service/supervisor_link.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/child/enter.h"
#include "common/child/own_counters.h"
#include "common/ipc/descriptors.h"
#include "common/ipc/shared_memory.h"

namespace holt::admin {
namespace {

constexpr char kLedgerFile[] = "ledger.sqlite3";
constexpr size_t kMaxSettings = 4 * 1024 * 1024;

absl::StatusOr<config::v1::AdminServiceSettings> ReadSettings() {
  ASSIGN_OR_RETURN(const std::string bytes,
                   ReadSealedFile(kSettingsFd, kMaxSettings));
  config::v1::AdminServiceSettings settings;
  if (!settings.ParseFromString(bytes)) {
    return absl::FailedPreconditionError("settings of another build");
  }
  return settings;
}

class Introductions final : public SupervisorEvents {
 public:
  explicit Introductions(AdminService& service) : service_(service) {}
  void OnCourier(UniqueFd connection) override {
    service_.ServeCourier(std::move(connection));
  }
  void OnKeysFile(UniqueFd file) override {
    // The importer told what was wrong; the last good keys stay.
    service_.ReloadKeysFile(std::move(file)).IgnoreError();
  }

 private:
  AdminService& service_;
};

absl::Status Serve() {
  ASSIGN_OR_RETURN(const OwnCounters counters, OwnCounters::Map());
  const HeartbeatThread heartbeat(counters);
  ASSIGN_OR_RETURN(config::v1::AdminServiceSettings settings, ReadSettings());
  const Clock& clock = Clock::Real();
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteStore> store,
                   SqliteStore::Open({.name = kLedgerFile}, clock.Now()));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<AdminService> service,
      AdminService::Create(std::move(store), std::move(settings), clock));
  RETURN_IF_ERROR(service->ServeOperators(UniqueFd(kAdminListenerFd)));
  Introductions introductions(*service);
  SupervisorLink link(UniqueFd(kSupervisorChannelFd), introductions);
  RETURN_IF_ERROR(link.SendReady());
  ASSIGN_OR_RETURN(const absl::Duration deadline, link.RunUntilDrain());
  service->Drain(deadline);
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  InitLog("admin-service");
  // Reaching the directory by its descriptor works where its path does not.
  if (::fchdir(kAdminStateDirFd) != 0) {
    Log(Severity::kError, "no_state_directory").Number("errno", errno);
    return EXIT_FAILURE;
  }
  ::umask(0077);
  std::signal(SIGPIPE, SIG_IGN);
  if (const absl::Status entered = EnterChild(Role::kAdminService, argc, argv);
      !entered.ok()) {
    Log(Severity::kError, "not_started").Code("status", entered);
    return EXIT_FAILURE;
  }
  SilenceGrpc();
  const absl::Status served = Serve();
  if (served.ok()) return EXIT_SUCCESS;
  // Messages of the store and the settings are ours and hold no values.
  Log(Severity::kError, "stopped")
      .Code("status", served)
      .Text("why", OperatorText(std::string(served.message())));
  return EXIT_FAILURE;
}

}  // namespace
}  // namespace holt::admin

int main(int argc, char** argv) { return holt::admin::Main(argc, argv); }
