#include "worker/net/connector_client.h"

#include <utility>

#include "common/base/log.h"

namespace holt::worker {
namespace {

absl::StatusOr<UniqueFd> ResultOf(DialStatus status, UniqueFd socket) {
  switch (status) {
    case DialStatus::kOk:
      if (!socket.valid()) break;
      return socket;
    case DialStatus::kUnresolved:
      return absl::UnavailableError("the upstream's name has no address");
    case DialStatus::kRefused:
      return absl::UnavailableError("the upstream refused the connection");
    case DialStatus::kUnreachable:
      return absl::UnavailableError("the upstream cannot be reached");
    case DialStatus::kTimedOut:
      return absl::DeadlineExceededError("the upstream did not answer");
    case DialStatus::kBusy:
      return absl::ResourceExhaustedError("too many dials");
    case DialStatus::kNotFound:
      return absl::NotFoundError("no such upstream");
  }
  return absl::InternalError("a dial's reply without a socket");
}

}  // namespace

ConnectorClient::ConnectorClient(Loop& loop, absl::Duration timeout)
    : loop_(loop), dials_(loop, timeout) {}

void ConnectorClient::SetChannel(UniqueFd channel) {
  if (channel_.valid()) Lost();
  channel_ = FrameChannel(std::move(channel));
  event_ = std::make_unique<FdEvent>(
      loop_, channel_.fd(), [this](uint32_t ready) { OnReady(ready); });
  event_->SetInterest(FdEvent::kRead);
  SendUnsent();
}

uint64_t ConnectorClient::Dial(uint16_t upstream, DialCallback callback) {
  const uint64_t id = dials_.Add(std::move(callback));
  unsent_.push_back({id, upstream});
  SendUnsent();
  return id;
}

void ConnectorClient::SendUnsent() {
  if (!channel_.valid()) return;
  while (!unsent_.empty()) {
    const Unsent dial = unsent_.front();
    // Cancelled or timed out while it waited.
    if (dials_.Contains(dial.id)) {
      const absl::Status sent =
          channel_.SendMessage(dial.id, DialRequest{dial.upstream});
      if (absl::IsResourceExhausted(sent)) {
        return event_->SetInterest(FdEvent::kRead | FdEvent::kWrite);
      }
      // A broken channel shows on reading too: this dial fails with the others.
    }
    unsent_.pop_front();
  }
  event_->SetInterest(FdEvent::kRead);
}

void ConnectorClient::OnReady(uint32_t ready) {
  if ((ready & FdEvent::kWrite) != 0) SendUnsent();
  if ((ready & FdEvent::kRead) != 0) ReceiveFrames();
}

void ConnectorClient::ReceiveFrames() {
  while (channel_.valid()) {
    ReceivedFrame frame;
    const absl::Status received = channel_.Receive(frame);
    if (absl::IsNotFound(received)) return;
    if (received.ok() && Dispatch(frame)) continue;
    Log(Severity::kWarning, "connector_lost").Code("code", received);
    return Lost();
  }
}

bool ConnectorClient::Dispatch(ReceivedFrame& frame) {
  const absl::StatusOr<FrameHeader> header = DecodeFrameHeader(frame.bytes());
  const absl::StatusOr<DialReply> reply = DecodeFrame<DialReply>(frame.bytes());
  if (!header.ok() || !reply.ok()) return false;
  dials_.Answer(header->id, ResultOf(reply->status, frame.TakeFd()));
  return true;
}

// What was asked over this channel is lost with it; what was not sent yet waits
// for the next one.
void ConnectorClient::Lost() {
  event_->SetInterest(0);
  channel_.Close();
  const uint64_t first_unsent =
      unsent_.empty() ? UINT64_MAX : unsent_.front().id;
  dials_.FailOlder(first_unsent,
                   absl::UnavailableError("the connector is gone"));
}

}  // namespace holt::worker
