#include "common/base/status_macros.h"
#include "common/ipc/frames.h"
#include "supervisor/broker/request.h"

namespace holt::supervisor {

absl::Status HandleReady(const Request& request) {
  RETURN_IF_ERROR(DecodeFrame<Ready>(request.frame).status());
  request.child.MarkReady();
  return absl::OkStatus();
}

}  // namespace holt::supervisor
