#include "supervisor/sandbox/role_policies.h"

namespace holt::supervisor {

// One thread that turns a loop over sockets it was given: the listener, the
// connections it accepts, the frames' channels, and connected upstream sockets
// that arrive over them. It cannot make a socket of its own, open a path, start
// anything, or reach another process. No path rules: Landlock leaves it no file
// at all.
void AllowWorker(PolicyBuilder& policy) {
  policy.AllowOpenDescriptors()
      .AllowConnectedSockets()
      .AllowTcpTuning()
      .AllowAccept()
      .AllowEventLoop()
      .AllowMemory()
      .AllowClockAndRandom()
      .AllowProcessBasics()
      .RefuseQuestionsQuietly();
}

}  // namespace holt::supervisor
