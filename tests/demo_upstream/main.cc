// holt-demo-upstream: an OpenAI-compatible service without a model, for ./run
// and for tests. Started by the supervisor or by a test; ends with its parent.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/event/loop.h"
#include "tests/demo_upstream/server.h"
#include "tests/demo_upstream/service.h"

namespace holt::demo {
namespace {

constexpr char kUsage[] =
    "usage: holt-demo-upstream [--port=N] [--parent=PID]\n"
    "  --port    port on 127.0.0.1; 0, the default, lets the system choose\n"
    "  --parent  end at once unless this is the parent process\n";

struct Flags {
  uint16_t port = 0;
  pid_t parent = 0;  // 0: whoever it is
};

std::optional<Flags> ReadFlags(int count, char** words) {
  Flags flags;
  for (int i = 1; i < count; ++i) {
    absl::string_view word(words[i]);
    uint32_t number = 0;
    if (absl::ConsumePrefix(&word, "--port=")) {
      if (!absl::SimpleAtoi(word, &number) || number > 65'535) return {};
      flags.port = static_cast<uint16_t>(number);
    } else if (absl::ConsumePrefix(&word, "--parent=")) {
      if (!absl::SimpleAtoi(word, &flags.parent) || flags.parent < 1) return {};
    } else {
      return {};
    }
  }
  return flags;
}

// False when the parent is gone already.
bool DieWithParent(pid_t expected) {
  const pid_t parent = getppid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // It may have died just before the call above.
  return getppid() == parent && (expected == 0 || expected == parent);
}

void RaiseFileLimit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

int Serve(const Flags& flags) {
  auto loop = Loop::Create();
  if (!loop.ok()) return 1;
  Service service(Clock::Real());
  auto server = Server::Create(**loop, service, flags.port);
  if (!server.ok()) {
    Log(Severity::kError, "cannot_listen")
        .Number("port", flags.port)
        .Text("cause", OperatorText(std::string(server.status().message())));
    return 1;
  }
  SignalEvent on_term(**loop, SIGTERM, [&loop] { (*loop)->Stop(); });
  SignalEvent on_interrupt(**loop, SIGINT, [&loop] { (*loop)->Stop(); });
  std::printf("listening 127.0.0.1:%u\n", unsigned{(*server)->port()});
  std::fflush(stdout);
  (*loop)->Run();
  return 0;
}

int Main(int count, char** words) {
  const std::optional<Flags> flags = ReadFlags(count, words);
  if (!flags.has_value()) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  InitLog("demo-upstream");
  if (!DieWithParent(flags->parent)) return 1;
  RaiseFileLimit();
  return Serve(*flags);
}

}  // namespace
}  // namespace holt::demo

int main(int count, char** words) { return holt::demo::Main(count, words); }
