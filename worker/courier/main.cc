// holt-courier: between the node's workers and the admin-service. A child of
// the supervisor; everything it does is in courier.cc.
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/child/enter.h"
#include "common/child/heartbeat.h"
#include "common/child/own_counters.h"
#include "common/event/loop.h"
#include "common/ipc/descriptors.h"
#include "common/ipc/settings.h"
#include "worker/courier/courier.h"
#include "worker/courier/grpc_setup.h"

namespace holt::worker {
namespace {

absl::Status Serve() {
  ASSIGN_OR_RETURN(const CourierSettings settings,
                   ReadSettingsFile<CourierSettings>(kSettingsFd));
  ASSIGN_OR_RETURN(const OwnCounters counters, OwnCounters::Map());
  ASSIGN_OR_RETURN(const std::unique_ptr<Loop> loop, Loop::Create());
  const Heartbeat heartbeat(*loop, counters);
  Courier::Options options;
  options.supervisor = UniqueFd(kSupervisorChannelFd);
  options.key_table_fd = kCourierKeyTableFd;
  options.settings = settings;
  ASSIGN_OR_RETURN(const std::unique_ptr<Courier> courier,
                   Courier::Create(std::move(options), *loop, Clock::Real()));
  loop->Run();
  return courier->result();
}

int Main(int argc, char** argv) {
  InitLog("courier");
  std::signal(SIGPIPE, SIG_IGN);
  absl::Status served = EnterChild(Role::kCourier, argc, argv);
  if (served.ok()) served = SetUpGrpc();
  if (served.ok()) served = Serve();
  if (served.ok()) return EXIT_SUCCESS;
  // Messages about frames, settings and shared memory: ours, without values.
  Log(Severity::kError, "stopped")
      .Code("status", served)
      .Text("why", OperatorText(std::string(served.message())));
  return EXIT_FAILURE;
}

}  // namespace
}  // namespace holt::worker

int main(int argc, char** argv) { return holt::worker::Main(argc, argv); }
