// The one signature that a TLS handshake waits for: asked of the supervisor,
// which holds the private key. Worker.
//
// A handshake runs in an OpenSSL job (a coroutine). The provider's sign
// function, inside the job, starts the signature and pauses the job; the loop
// goes on; the reply comes, `resume` runs, and the transport enters the
// handshake again, in which the sign function finds the reply.
#ifndef HOLT_WORKER_TLS_REMOTE_SIGNATURE_H_
#define HOLT_WORKER_TLS_REMOTE_SIGNATURE_H_

#include <cstdint>
#include <functional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/ipc/frames.h"
#include "worker/net/supervisor_client.h"

namespace holt::worker {

class RemoteSignature {
 public:
  // `supervisor` outlives it.
  explicit RemoteSignature(SupervisorClient& supervisor)
      : supervisor_(supervisor) {}
  // The reply, if it still comes, finds nobody.
  ~RemoteSignature() { Cancel(); }
  RemoteSignature(const RemoteSignature&) = delete;
  RemoteSignature& operator=(const RemoteSignature&) = delete;

  // Runs when a reply, or the certainty that none will come, is here.
  void SetResume(std::function<void()> resume) { resume_ = std::move(resume); }

  // Asks. False when it cannot be asked now (too many are under way).
  bool Start(const SignRequest& request);
  [[nodiscard]] bool waiting() const { return state_ == State::kWaiting; }
  // Valid until the next Start; empty when there will be none.
  [[nodiscard]] absl::Span<const uint8_t> bytes() const;
  // It will not be waited for: waiting() turns false, bytes() stays empty.
  void Cancel();

 private:
  enum class State { kIdle, kWaiting, kSigned, kFailed };
  void OnReply(const absl::StatusOr<SignReply>& reply);

  SupervisorClient& supervisor_;
  std::function<void()> resume_;
  State state_ = State::kIdle;
  uint64_t id_ = 0;
  SignReply reply_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_TLS_REMOTE_SIGNATURE_H_
