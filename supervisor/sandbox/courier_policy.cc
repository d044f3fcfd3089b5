#include "supervisor/sandbox/role_policies.h"

namespace holt::supervisor {

// gRPC's client over socket pairs that arrive from the supervisor, and shared
// memory that does too. gRPC brings threads; it accepts nothing, and dials
// nothing.
void AllowCourier(PolicyBuilder& policy) {
  policy.AllowOpenDescriptors()
      .AllowConnectedSockets()
      .AllowSocketOptions()
      .AllowEventLoop()
      .AllowMemory()
      .AllowClockAndRandom()
      .AllowProcessBasics()
      .AllowThreads()
      .AllowKernelVersion()
      .RefuseQuestionsQuietly();
}

}  // namespace holt::supervisor
