// A child that is none: speaks the supervisor's frames like one of ours and
// serves nothing. Stands in for the worker, courier, connector and
// admin-service in supervisor_test. Tells on standard error what it is
// introduced to. Tests only.
#include <poll.h>
#include <unistd.h>

#include <cstdio>

#include "common/base/unique_fd.h"
#include "common/ipc/counters.h"
#include "common/ipc/frame_channel.h"
#include "common/ipc/frames.h"
#include "common/ipc/shared_memory.h"

namespace holt {
namespace {

constexpr int kBeatMillis = 100;

// True when the frame asks for the end.
bool Handle(const char* name, ReceivedFrame& frame) {
  if (DecodeFrame<Drain>(frame.bytes()).ok()) {
    ::dprintf(STDERR_FILENO, "fake %s drained\n", name);
    return true;
  }
  const auto introduce = DecodeFrame<Introduce>(frame.bytes());
  if (introduce.ok()) {
    ::dprintf(STDERR_FILENO,
              "fake %s introduced=%d role=%d index=%d flags=%d fd=%d\n", name,
              static_cast<int>(introduce->what),
              static_cast<int>(introduce->role), introduce->index,
              introduce->flags, frame.has_fd() ? 1 : 0);
  }
  return false;
}

int Run(const char* name) {
  auto counters =
      Mapping::Map(kCountersFd, kCountersSize, Mapping::Access::kReadWrite);
  if (!counters.ok()) return 3;
  auto& heartbeat =
      reinterpret_cast<ChildCounters*>(counters->data())->heartbeat;
  FrameChannel channel{UniqueFd(kSupervisorChannelFd)};
  heartbeat.fetch_add(1);
  if (!channel.SendMessage(0, Ready()).ok()) return 4;
  while (true) {
    heartbeat.fetch_add(1);
    pollfd ready{channel.fd(), POLLIN, 0};
    ::poll(&ready, 1, kBeatMillis);
    ReceivedFrame frame;
    const absl::Status received = channel.Receive(frame);
    if (absl::IsUnavailable(received)) return 5;
    if (received.ok() && Handle(name, frame)) return 0;
  }
}

}  // namespace
}  // namespace holt

int main(int /*argc*/, char** argv) { return holt::Run(argv[0]); }
