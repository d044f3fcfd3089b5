#include "supervisor/sandbox/role_policies.h"

namespace holt::supervisor {

// gRPC's server over socket pairs and over what it accepts from the
// administration socket, and SQLite in the one directory that it was given.
// Time zones are for expiry dates, the random device for SQLite's salts.
void AllowAdminService(PolicyBuilder& policy) {
  policy.AllowOpenDescriptors()
      .AllowConnectedSockets()
      .AllowSocketOptions()
      .AllowAccept()
      .AllowDatabaseFiles()
      .AllowEventLoop()
      .AllowMemory()
      .AllowClockAndRandom()
      .AllowProcessBasics()
      .AllowThreads()
      .AllowKernelVersion()
      .RefuseQuestionsQuietly()
      .AllowDirectory(kAdminStateDirFd)
      .AllowReadBelow("/usr/share/zoneinfo")
      .AllowReadBelow("/etc/localtime")
      .AllowReadBelow("/dev/urandom");
}

}  // namespace holt::supervisor
