#include "common/base/status_macros.h"
#include "common/ipc/frames.h"
#include "supervisor/broker/request.h"

namespace holt::supervisor {

absl::Status HandleTicketKeys(const Request& request) {
  RETURN_IF_ERROR(DecodeFrame<TicketKeysRequest>(request.frame).status());
  return request.channel.SendMessage(request.id,
                                     request.vault.tickets().KeysNow());
}

}  // namespace holt::supervisor
