// holt-connector: the one process of a node that may connect. See connector.h.
#include <string>
#include <utility>

#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/child/enter.h"
#include "common/child/heartbeat.h"
#include "common/child/own_counters.h"
#include "common/event/loop.h"
#include "common/ipc/descriptors.h"
#include "common/ipc/settings.h"
#include "worker/connector/connector.h"
#include "worker/net/supervisor_client.h"

namespace holt::worker {
namespace {

// What the supervisor tells the connector. The frames that are for workers are
// never sent to it.
class Service final : public SupervisorEvents {
 public:
  Service(Loop& loop, Connector& connector)
      : loop_(loop),
        connector_(connector),
        deadline_(loop, [this] { loop_.Stop(); }) {}

  void OnTicketKeys(const TicketKeysReply& /*keys*/) override {}
  void OnCredential(const CredentialReply& /*credential*/) override {}
  void OnIntroduce(const Introduce& introduce, UniqueFd fd) override {
    if (introduce.what != Introduction::kWorkerChannel || !fd.valid()) return;
    connector_.SetChannel(introduce.index, std::move(fd));
  }
  // Draining workers still dial for the requests they finish.
  void OnDrain(const Drain& drain) override {
    deadline_.Start(absl::Milliseconds(drain.deadline_millis));
    connector_.set_on_empty([this] { loop_.Stop(); });
    if (connector_.channels() == 0) loop_.Stop();
  }
  void OnSupervisorLost() override {
    lost_ = true;
    loop_.Stop();
  }
  [[nodiscard]] bool lost() const { return lost_; }

 private:
  Loop& loop_;
  Connector& connector_;
  Timer deadline_;
  bool lost_ = false;
};

absl::Status Serve(int argc, char** argv) {
  RETURN_IF_ERROR(EnterChild(Role::kConnector, argc, argv));
  ASSIGN_OR_RETURN(const ConnectorSettings settings,
                   ReadSettingsFile<ConnectorSettings>(kSettingsFd));
  ASSIGN_OR_RETURN(const OwnCounters counters, OwnCounters::Map());
  ASSIGN_OR_RETURN(const std::unique_ptr<Loop> loop, Loop::Create());
  const Heartbeat heartbeat(*loop, counters);
  ASSIGN_OR_RETURN(const std::unique_ptr<Connector> connector,
                   Connector::Create(*loop, settings));
  Service service(*loop, *connector);
  SupervisorClient supervisor(*loop, UniqueFd(kSupervisorChannelFd), service);
  supervisor.SendReady();
  loop->Run();
  return service.lost() ? absl::UnavailableError("the supervisor is gone")
                        : absl::OkStatus();
}

}  // namespace
}  // namespace holt::worker

int main(int argc, char** argv) {
  holt::InitLog("connector");
  const absl::Status served = holt::worker::Serve(argc, argv);
  if (served.ok()) return 0;
  holt::Log(holt::Severity::kError, "connector_ended")
      .Code("code", served)
      .Text("cause", holt::OperatorText(std::string(served.message())));
  return 1;
}
