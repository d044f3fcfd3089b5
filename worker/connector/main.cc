// holt-connector: enters its sandbox, then serves the workers' dials until the
// supervisor tells it to end, or is gone.
#include <memory>
#include <string>
#include <utility>

#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/child/enter.h"
#include "common/child/heartbeat.h"
#include "common/child/own_counters.h"
#include "common/event/loop.h"
#include "common/ipc/descriptors.h"
#include "common/ipc/frame_channel.h"
#include "worker/connector/connector.h"

namespace holt::worker {
namespace {

// Frames from the supervisor: workers' channels, and the end. False when the
// channel is broken or the service over.
bool TakeFrames(FrameChannel& channel, Connector& connector) {
  while (true) {
    ReceivedFrame frame;
    const absl::Status received = channel.Receive(frame);
    if (absl::IsNotFound(received)) return true;
    if (!received.ok()) return false;
    const auto introduce = DecodeFrame<Introduce>(frame.bytes());
    if (!introduce.ok()) return !DecodeFrame<Drain>(frame.bytes()).ok();
    if (introduce->what == Introduction::kWorkerChannel && frame.has_fd()) {
      connector.SetWorkerChannel(introduce->index, frame.TakeFd());
    }
  }
}

absl::Status Serve() {
  ASSIGN_OR_RETURN(const ConnectorSettings settings,
                   ReadSettingsFile<ConnectorSettings>(kSettingsFd));
  ASSIGN_OR_RETURN(const std::unique_ptr<Loop> loop, Loop::Create());
  ASSIGN_OR_RETURN(const OwnCounters counters, OwnCounters::Map());
  ASSIGN_OR_RETURN(const std::unique_ptr<Connector> connector,
                   Connector::Create(*loop, settings));
  const Heartbeat heartbeat(*loop, counters);
  FrameChannel channel{UniqueFd(kSupervisorChannelFd)};
  FdEvent frames(*loop, channel.fd(), [&](uint32_t) {
    if (!TakeFrames(channel, *connector)) loop->Stop();
  });
  frames.SetInterest(FdEvent::kRead);
  RETURN_IF_ERROR(channel.SendMessage(0, Ready{}));
  loop->Run();
  return absl::OkStatus();
}

}  // namespace
}  // namespace holt::worker

int main(int argc, char** argv) {
  holt::InitLog("connector");
  absl::Status status = holt::EnterChild(holt::Role::kConnector, argc, argv);
  if (status.ok()) status = holt::worker::Serve();
  if (status.ok()) return 0;
  holt::Log(holt::Severity::kError, "connector_failed")
      .Code("code", status)
      .Text("cause", holt::OperatorText(std::string(status.message())));
  return 1;
}
