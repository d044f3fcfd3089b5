#include "worker/net/supervisor_client.h"

#include <utility>

#include "common/base/log.h"

namespace holt::worker {
namespace {

absl::Status RefusalOf(ReplyStatus status) {
  switch (status) {
    case ReplyStatus::kOk:
      return absl::OkStatus();
    case ReplyStatus::kRefused:
      return absl::PermissionDeniedError("the supervisor does not sign this");
    case ReplyStatus::kBusy:
      return absl::ResourceExhaustedError("too many signatures");
    case ReplyStatus::kNotFound:
      return absl::PermissionDeniedError("no such key");
  }
  return absl::InternalError("unknown reply status");
}

// Hands a decoded frame to `use`; false when it does not decode.
template <typename Message, typename Use>
bool Decoded(absl::Span<const uint8_t> bytes, Use use) {
  const absl::StatusOr<Message> message = DecodeFrame<Message>(bytes);
  if (!message.ok()) return false;
  use(*message);
  return true;
}

}  // namespace

SupervisorClient::SupervisorClient(Loop& loop, UniqueFd channel,
                                   SupervisorEvents& events)
    : events_(events),
      channel_(std::move(channel)),
      event_(loop, channel_.fd(), [this](uint32_t ready) { OnReady(ready); }),
      signatures_(loop, kSignTimeout) {
  event_.SetInterest(FdEvent::kRead);
}

absl::StatusOr<uint64_t> SupervisorClient::Sign(const SignRequest& request,
                                                SignCallback callback) {
  if (lost_) return absl::UnavailableError("the supervisor is gone");
  if (signatures_.size() >= kMaxPendingSignatures) {
    return absl::ResourceExhaustedError("too many signatures under way");
  }
  const uint64_t id = signatures_.Add(std::move(callback));
  EncodedFrame frame;
  Send(frame.Encode(id, request));
  return id;
}

void SupervisorClient::RequestTicketKeys() {
  EncodedFrame frame;
  Send(frame.Encode(next_question_++, TicketKeysRequest{}));
}

void SupervisorClient::RequestCredential(uint16_t upstream) {
  EncodedFrame frame;
  Send(frame.Encode(next_question_++, CredentialRequest{upstream}));
}

void SupervisorClient::SendReady() {
  EncodedFrame frame;
  Send(frame.Encode(0, Ready{}));
}

void SupervisorClient::Send(absl::Span<const uint8_t> frame) {
  if (lost_) return;
  if (unsent_.empty()) {
    const absl::Status sent = channel_.Send(frame);
    if (sent.ok()) return;
    // A broken channel shows on reading as well, and is handled there.
    if (!absl::IsResourceExhausted(sent)) return;
  }
  unsent_.emplace_back(frame.begin(), frame.end());
  event_.SetInterest(FdEvent::kRead | FdEvent::kWrite);
}

void SupervisorClient::SendQueued() {
  while (!unsent_.empty()) {
    const absl::Status sent = channel_.Send(unsent_.front());
    if (absl::IsResourceExhausted(sent)) return;
    unsent_.pop_front();
  }
  event_.SetInterest(FdEvent::kRead);
}

void SupervisorClient::OnReady(uint32_t ready) {
  if ((ready & FdEvent::kWrite) != 0) SendQueued();
  if ((ready & FdEvent::kRead) != 0) ReceiveFrames();
}

// Until the channel is empty: there are few frames, and handshakes wait for
// them.
void SupervisorClient::ReceiveFrames() {
  while (!lost_) {
    ReceivedFrame frame;
    const absl::Status received = channel_.Receive(frame);
    if (absl::IsNotFound(received)) return;
    if (received.ok() && Dispatch(frame)) continue;
    if (!absl::IsUnavailable(received)) {
      Log(Severity::kError, "supervisor_frame_broken").Code("code", received);
    }
    Lost();
  }
}

bool SupervisorClient::Dispatch(ReceivedFrame& frame) {
  const absl::Span<const uint8_t> bytes = frame.bytes();
  const absl::StatusOr<FrameHeader> header = DecodeFrameHeader(bytes);
  if (!header.ok()) return false;
  switch (header->type) {
    case FrameType::kSignReply:
      return OnSignReply(header->id, bytes);
    case FrameType::kTicketKeysReply:
      return Decoded<TicketKeysReply>(
          bytes, [this](const auto& keys) { events_.OnTicketKeys(keys); });
    case FrameType::kCredentialReply:
      return Decoded<CredentialReply>(
          bytes, [this](const auto& reply) { events_.OnCredential(reply); });
    case FrameType::kIntroduce:
      return Decoded<Introduce>(bytes, [&](const auto& introduce) {
        events_.OnIntroduce(introduce, frame.TakeFd());
      });
    case FrameType::kDrain:
      return Decoded<Drain>(
          bytes, [this](const auto& drain) { events_.OnDrain(drain); });
    case FrameType::kSignRequest:
    case FrameType::kTicketKeysRequest:
    case FrameType::kCredentialRequest:
    case FrameType::kReady:
    case FrameType::kDialRequest:
    case FrameType::kDialReply:
      return false;
  }
  return false;
}

// An answer to a request that timed out or was cancelled is no mistake.
bool SupervisorClient::OnSignReply(uint64_t id,
                                   absl::Span<const uint8_t> bytes) {
  absl::StatusOr<SignReply> reply = DecodeFrame<SignReply>(bytes);
  if (!reply.ok()) return false;
  if (absl::Status refusal = RefusalOf(reply->status); !refusal.ok()) {
    signatures_.Answer(id, std::move(refusal));
  } else {
    signatures_.Answer(id, *std::move(reply));
  }
  return true;
}

void SupervisorClient::Lost() {
  lost_ = true;
  event_.SetInterest(0);
  channel_.Close();
  unsent_.clear();
  signatures_.FailAll(absl::UnavailableError("the supervisor is gone"));
  events_.OnSupervisorLost();
}

}  // namespace holt::worker
