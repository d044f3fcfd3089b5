// The worker's end of the frame channel to its supervisor: signatures for TLS
// handshakes, ticket keys, upstream credentials; and what the supervisor says
// on its own. The supervisor is trusted, its frames are checked all the same.
//
// docs/protocol/frames.md is the page about the channel.
#ifndef HOLT_WORKER_NET_SUPERVISOR_CLIENT_H_
#define HOLT_WORKER_NET_SUPERVISOR_CLIENT_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"
#include "common/event/loop.h"
#include "common/ipc/frame_channel.h"
#include "common/ipc/frames.h"
#include "worker/net/request_table.h"

namespace holt::worker {

// What arrives, asked for or not. The client must not be destroyed inside.
class SupervisorEvents {
 public:
  virtual ~SupervisorEvents() = default;
  // New keys for session tickets: after RequestTicketKeys, and at each
  // rotation.
  virtual void OnTicketKeys(const TicketKeysReply& keys) = 0;
  // The credential of one upstream (or that there is none): after
  // RequestCredential, and when it was replaced.
  virtual void OnCredential(const CredentialReply& credential) = 0;
  virtual void OnIntroduce(const Introduce& introduce, UniqueFd fd) = 0;
  virtual void OnDrain(const Drain& drain) = 0;
  // The channel is broken: the supervisor is gone, and a worker without one
  // must exit. Called once, last.
  virtual void OnSupervisorLost() = 0;
};

class SupervisorClient {
 public:
  using SignCallback = std::function<void(absl::StatusOr<SignReply>)>;

  // Signatures under way; beyond, the handshake is refused (security.md 4.5).
  static constexpr size_t kMaxPendingSignatures = 256;
  static constexpr absl::Duration kSignTimeout = absl::Seconds(5);

  // Takes the connected socket. Loop and events outlive the client.
  SupervisorClient(Loop& loop, UniqueFd channel, SupervisorEvents& events);
  SupervisorClient(const SupervisorClient&) = delete;
  SupervisorClient& operator=(const SupervisorClient&) = delete;

  // Asks for a signature and returns the request's id. `callback` runs later,
  // once, with a reply of status kOk, or PermissionDenied (refused, no such
  // key), ResourceExhausted (busy), DeadlineExceeded, Unavailable (supervisor
  // lost). ResourceExhausted at once, without a callback, when too many are
  // under way.
  absl::StatusOr<uint64_t> Sign(const SignRequest& request,
                                SignCallback callback);
  // Its callback will not run. Any id is fine.
  void CancelSign(uint64_t id) { signatures_.Cancel(id); }

  // Answers come to SupervisorEvents.
  void RequestTicketKeys();
  void RequestCredential(uint16_t upstream);
  // The worker accepts connections. Once.
  void SendReady();

 private:
  void OnReady(uint32_t ready);
  void ReceiveFrames();
  // False when the frame breaks the protocol.
  bool Dispatch(ReceivedFrame& frame);
  bool OnSignReply(uint64_t id, absl::Span<const uint8_t> bytes);
  void Send(absl::Span<const uint8_t> frame);
  void SendQueued();
  void Lost();

  SupervisorEvents& events_;
  FrameChannel channel_;
  FdEvent event_;
  RequestTable<SignReply> signatures_;
  // Frames the socket did not take yet; no secret is in a request. Bounded by
  // the signatures under way and what is asked once per upstream.
  std::deque<std::vector<uint8_t>> unsent_;
  uint64_t next_question_ = uint64_t{1} << 63;
  bool lost_ = false;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_NET_SUPERVISOR_CLIENT_H_
