// The worker's end of the frame channel to the connector, which dials for it: a
// worker names an upstream by its index in the settings and gets a connected
// socket. The connector sees no content and is not trusted with any.
#ifndef HOLT_WORKER_NET_CONNECTOR_CLIENT_H_
#define HOLT_WORKER_NET_CONNECTOR_CLIENT_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/unique_fd.h"
#include "common/event/loop.h"
#include "common/ipc/frame_channel.h"
#include "worker/net/request_table.h"

namespace holt::worker {

class ConnectorClient {
 public:
  using DialCallback = std::function<void(absl::StatusOr<UniqueFd>)>;

  // `timeout` bounds a dial as seen from here, waiting for a channel included.
  // How many are under way is the caller's to bound. The loop outlives the
  // client.
  ConnectorClient(Loop& loop, absl::Duration timeout);
  ConnectorClient(const ConnectorClient&) = delete;
  ConnectorClient& operator=(const ConnectorClient&) = delete;

  // The channel of a (new) connector, which the supervisor introduced. Dials
  // that an earlier channel was asked for fail as Unavailable; those that
  // waited for a channel are sent. Not to be called from a dial's callback.
  void SetChannel(UniqueFd channel);

  // Dials the upstream with this index. `callback` runs later, once, with a
  // connected, non-blocking socket, or Unavailable (not reachable, connector
  // lost), DeadlineExceeded, ResourceExhausted (the connector has too many),
  // NotFound.
  uint64_t Dial(uint16_t upstream, DialCallback callback);
  // Its callback will not run; a socket that arrives for it is closed.
  void Cancel(uint64_t id) { dials_.Cancel(id); }

 private:
  struct Unsent {
    uint64_t id = 0;
    uint16_t upstream = 0;
  };

  void OnReady(uint32_t ready);
  void ReceiveFrames();
  bool Dispatch(ReceivedFrame& frame);
  void SendUnsent();
  void Lost();

  Loop& loop_;
  FrameChannel channel_;
  std::unique_ptr<FdEvent> event_;
  RequestTable<UniqueFd> dials_;
  std::deque<Unsent> unsent_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_NET_CONNECTOR_CLIENT_H_
