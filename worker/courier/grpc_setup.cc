#include "worker/courier/grpc_setup.h"

#include <grpc/support/log.h>

#include <cstdlib>

namespace holt::worker {
namespace {

// Its text may quote what travels.
void DropText(gpr_log_func_args*) {}

}  // namespace

absl::Status SetUpGrpc() {
  for (const char* name : {"GRPC_TRACE", "GRPC_VERBOSITY"}) {
    if (std::getenv(name) != nullptr) {
      return absl::FailedPreconditionError(
          "GRPC_TRACE and GRPC_VERBOSITY print what travels: unset them");
    }
  }
  gpr_set_log_function(DropText);
  return absl::OkStatus();
}

}  // namespace holt::worker
