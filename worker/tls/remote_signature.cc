#include "worker/tls/remote_signature.h"

namespace holt::worker {

bool RemoteSignature::Start(const SignRequest& request) {
  Cancel();
  const absl::StatusOr<uint64_t> id = supervisor_.Sign(
      request,
      [this](const absl::StatusOr<SignReply>& reply) { OnReply(reply); });
  if (!id.ok()) return false;
  id_ = *id;
  state_ = State::kWaiting;
  return true;
}

absl::Span<const uint8_t> RemoteSignature::bytes() const {
  if (state_ != State::kSigned) return {};
  return absl::MakeConstSpan(reply_.signature).first(reply_.signature_size);
}

void RemoteSignature::Cancel() {
  if (state_ == State::kWaiting) supervisor_.CancelSign(id_);
  state_ = State::kFailed;
}

void RemoteSignature::OnReply(const absl::StatusOr<SignReply>& reply) {
  state_ = reply.ok() ? State::kSigned : State::kFailed;
  if (reply.ok()) reply_ = *reply;
  if (resume_) resume_();
}

}  // namespace holt::worker
