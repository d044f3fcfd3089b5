#include "tests/privsep/inmate.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/child/enter.h"

namespace holt {

int RunInmate(Role role, int argc, char** argv,
              absl::Status (*work)(const InmateArguments&)) {
  std::signal(SIGPIPE, SIG_IGN);
  absl::Status status = EnterChild(role, argc, argv);
  if (status.ok()) status = work(InmateArguments(argv + 3, argv + argc));
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}

void WaitForTheEnd() {
  pollfd channel = {kSupervisorChannelFd, POLLIN, 0};
  while ((channel.revents & POLLHUP) == 0) ::poll(&channel, 1, -1);
}

void TellSupervisor() {
  HOLT_CHECK(::write(kSupervisorChannelFd, "r", 1) == 1);
}

absl::Status Expect(bool condition, const char* what) {
  if (condition) return absl::OkStatus();
  return ErrnoToStatus(errno, what);
}

}  // namespace holt
