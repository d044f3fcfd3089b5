#include "worker/connector/connector.h"

#include <utility>

#include "common/base/log.h"
#include "common/base/status_macros.h"

namespace holt::worker {
namespace {

// To one worker that does not read them, replies are lost: it will ask again.
void Reply(FrameChannel& frames, uint64_t id, DialStatus status, int fd = -1) {
  const absl::Status sent = frames.SendMessage(id, DialReply{status}, fd);
  if (!sent.ok()) {
    Log(Severity::kWarning, "dial_reply_not_sent").Code("code", sent);
  }
}

}  // namespace

Connector::Channel::Channel(Connector& connector, uint16_t index,
                            UniqueFd socket)
    : frames(std::move(socket)),
      event(connector.loop_, frames.fd(),
            [&connector, index](uint32_t /*r*/) { connector.OnReady(index); }) {
  event.SetInterest(FdEvent::kRead);
}

absl::StatusOr<std::unique_ptr<Connector>> Connector::Create(
    Loop& loop, const ConnectorSettings& settings) {
  if (settings.upstream_count > kMaxUpstreams) {
    return absl::InvalidArgumentError("too many upstreams");
  }
  ASSIGN_OR_RETURN(
      std::unique_ptr<Resolver> resolver,
      Resolver::Create(loop, absl::Milliseconds(settings.resolve_interval)));
  return std::unique_ptr<Connector>(
      new Connector(loop, settings, std::move(resolver)));
}

Connector::Connector(Loop& loop, const ConnectorSettings& settings,
                     std::unique_ptr<Resolver> resolver)
    : loop_(loop), settings_(settings), resolver_(std::move(resolver)) {}

void Connector::SetChannel(uint16_t index, UniqueFd socket) {
  const std::function<void()> on_empty = std::exchange(on_empty_, nullptr);
  DropChannel(index);
  on_empty_ = on_empty;
  channels_[index] = std::make_unique<Channel>(*this, index, std::move(socket));
}

void Connector::DropChannel(uint16_t index) {
  const auto found = channels_.find(index);
  if (found == channels_.end()) return;
  Channel& channel = *found->second;
  channel.event.SetInterest(0);
  channel.frames.Close();
  // Perhaps in a callback of the channel or of one of its dials.
  loop_.DeferDelete(std::move(found->second));
  channels_.erase(found);
  if (channels_.empty() && on_empty_) on_empty_();
}

void Connector::OnReady(uint16_t index) {
  while (true) {
    const auto found = channels_.find(index);
    if (found == channels_.end()) return;
    ReceivedFrame frame;
    const absl::Status received = found->second->frames.Receive(frame);
    if (absl::IsNotFound(received)) return;
    if (received.ok() && OnFrame(*found->second, index, frame)) continue;
    Log(Severity::kInfo, "worker_channel_ended")
        .Number("worker", index)
        .Code("code", received);
    return DropChannel(index);
  }
}

bool Connector::OnFrame(Channel& channel, uint16_t index,
                        const ReceivedFrame& frame) {
  const absl::StatusOr<FrameHeader> header = DecodeFrameHeader(frame.bytes());
  const auto request = DecodeFrame<DialRequest>(frame.bytes());
  if (!header.ok() || !request.ok() || frame.has_fd()) return false;
  if (request->upstream >= settings_.upstream_count) {
    Reply(channel.frames, header->id, DialStatus::kNotFound);
  } else if (channel.dials.size() >= settings_.max_dials) {
    Reply(channel.frames, header->id, DialStatus::kBusy);
  } else {
    StartDial(channel, index, header->id,
              settings_.upstreams[request->upstream]);
  }
  return true;
}

void Connector::StartDial(Channel& channel, uint16_t index, uint64_t id,
                          const UpstreamSettings& upstream) {
  const uint64_t number = next_number_++;
  channel.dials[number] = std::make_unique<Dial>(
      loop_, absl::Milliseconds(settings_.connect_timeout),
      [this, index, number, id](DialStatus status, UniqueFd socket) {
        OnDialled(index, number, id, status, std::move(socket));
      });
  resolver_->Resolve(
      upstream.host, upstream.port,
      [this, index, number](std::vector<SocketAddress> addresses) {
        const auto of = channels_.find(index);
        if (of == channels_.end()) return;
        const auto dial = of->second->dials.find(number);
        // Over already: it timed out, or the worker went away.
        if (dial == of->second->dials.end()) return;
        dial->second->Start(std::move(addresses));
      });
}

void Connector::OnDialled(uint16_t index, uint64_t number, uint64_t id,
                          DialStatus status, UniqueFd socket) {
  const auto of = channels_.find(index);
  if (of == channels_.end()) return;
  Channel& channel = *of->second;
  const auto dial = channel.dials.find(number);
  if (dial == channel.dials.end()) return;
  loop_.DeferDelete(std::move(dial->second));
  channel.dials.erase(dial);
  // Our copy of the socket closes with the end of this function.
  Reply(channel.frames, id, status, socket.get());
}

}  // namespace holt::worker
