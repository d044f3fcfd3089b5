#include "supervisor/sandbox/role_policies.h"

namespace holt::supervisor {

// The one role that makes sockets: it asks name servers and connects to the
// configured upstreams, then hands the sockets on. It reads how the machine
// resolves names and nothing else of the file system, and TCP goes to the
// configured ports only (the addresses are its own to keep to).
void AllowConnector(PolicyBuilder& policy, const SandboxOptions& options) {
  constexpr uint16_t kDns = 53;
  policy.AllowOpenDescriptors()
      .AllowConnectedSockets()
      .AllowSocketOptions()
      .AllowDialing()
      .AllowReadingFiles()
      .AllowEventLoop()
      .AllowMemory()
      .AllowClockAndRandom()
      .AllowProcessBasics()
      .RefuseQuestionsQuietly();
  for (const char* path : {"/etc/resolv.conf", "/etc/hosts",
                           "/etc/nsswitch.conf", "/etc/gai.conf"}) {
    policy.AllowReadBelow(path);
  }
  policy.AllowConnectingTo(kDns);
  for (const uint16_t port : options.connect_ports) {
    policy.AllowConnectingTo(port);
  }
}

}  // namespace holt::supervisor
