// The life of the supervisor process from its command line to its exit code:
// harden, take the secrets in, read the configuration, open everything, then
// supervise. Secrets are in the arena and the environment is scrubbed before
// the first child is started.
#ifndef HOLT_SUPERVISOR_SERVE_H_
#define HOLT_SUPERVISOR_SERVE_H_

#include "supervisor/command_line.h"
#include "supervisor/config/environment.h"

namespace holt::supervisor {

// Failures are told on standard error, one sentence each. 0: ended as asked
// (or, with --check-config, the configuration is fine); 1: it could not go on.
int Serve(const CommandLine& line, Environment& environment);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_SERVE_H_
