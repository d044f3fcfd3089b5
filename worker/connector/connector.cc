#include "worker/connector/connector.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/base/log.h"
#include "common/base/status_macros.h"

namespace holt::worker {
namespace {

// Frames of one worker taken per turn.
constexpr int kFrameShare = 64;

}  // namespace

Connector::Connector(Loop& loop, const ConnectorSettings& settings)
    : loop_(loop),
      settings_(settings),
      upstreams_(std::min<size_t>(settings.upstream_count, kMaxUpstreams)) {}

absl::StatusOr<std::unique_ptr<Connector>> Connector::Create(
    Loop& loop, const ConnectorSettings& settings) {
  auto connector = std::unique_ptr<Connector>(new Connector(loop, settings));
  ASSIGN_OR_RETURN(connector->resolver_, Resolver::Create(loop));
  return connector;
}

void Connector::SetWorkerChannel(uint16_t index, UniqueFd socket) {
  Drop(index);
  Channel& channel = channels_[index];
  channel.number = next_number_++;
  channel.frames = FrameChannel(std::move(socket));
  channel.event = std::make_unique<FdEvent>(
      loop_, channel.frames.fd(),
      [this, index](uint32_t) { OnChannelReady(index); });
  channel.event->SetInterest(FdEvent::kRead);
}

void Connector::OnChannelReady(uint16_t worker) {
  for (int i = 0; i < kFrameShare; ++i) {
    const auto channel = channels_.find(worker);
    if (channel == channels_.end()) return;
    ReceivedFrame frame;
    const absl::Status received = channel->second.frames.Receive(frame);
    if (absl::IsNotFound(received)) return;
    if (received.ok() && OnFrame(worker, frame)) continue;
    // Gone, or not speaking our protocol: the supervisor brings a new one.
    if (!absl::IsUnavailable(received)) {
      Log(Severity::kWarning, "worker_channel_broken").Number("slot", worker);
    }
    loop_.Defer([this, worker, number = channel->second.number] {
      const auto found = channels_.find(worker);
      if (found != channels_.end() && found->second.number == number) {
        Drop(worker);
      }
    });
    channel->second.event->SetInterest(0);
    return;
  }
}

bool Connector::OnFrame(uint16_t worker, const ReceivedFrame& frame) {
  const auto header = DecodeFrameHeader(frame.bytes());
  const auto request = DecodeFrame<DialRequest>(frame.bytes());
  if (!header.ok() || !request.ok() || frame.has_fd()) return false;
  const Asker asker{worker, channels_[worker].number, header->id};
  if (request->upstream >= upstreams_.size()) {
    Answer(asker, DialStatus::kNotFound, UniqueFd());
  } else if (dials_.size() >= settings_.max_dials) {
    Answer(asker, DialStatus::kBusy, UniqueFd());
  } else {
    Ask(request->upstream, asker);
  }
  return true;
}

void Connector::Ask(uint16_t index, const Asker& asker) {
  Upstream& upstream = upstreams_[index];
  const int64_t age = loop_.now_nanos() - upstream.resolved_nanos;
  const bool fresh = !upstream.addresses.empty() &&
                     age < int64_t{settings_.resolve_interval} * 1'000'000;
  if (fresh) {
    StartDial(index, asker);
    return;
  }
  if (upstream.waiting.size() >= settings_.max_dials) {
    Answer(asker, DialStatus::kBusy, UniqueFd());
    return;
  }
  upstream.waiting.push_back(asker);
  Resolve(index);
}

void Connector::Resolve(uint16_t index) {
  Upstream& upstream = upstreams_[index];
  if (upstream.resolving) return;
  upstream.resolving = true;
  const UpstreamSettings& settings = settings_.upstreams[index];
  resolver_->Resolve(settings.host, settings.port,
                     [this, index](absl::StatusOr<Resolver::Addresses> found) {
                       OnResolved(index, std::move(found));
                     });
}

void Connector::OnResolved(uint16_t index,
                           absl::StatusOr<Resolver::Addresses> found) {
  Upstream& upstream = upstreams_[index];
  upstream.resolving = false;
  if (found.ok()) {
    upstream.addresses = *std::move(found);
    upstream.resolved_nanos = loop_.now_nanos();
  }
  std::vector<Asker> waiting;
  waiting.swap(upstream.waiting);
  for (const Asker& asker : waiting) {
    // A name server that is away is no reason to forget a good address.
    if (upstream.addresses.empty()) {
      Answer(asker, DialStatus::kUnresolved, UniqueFd());
    } else {
      StartDial(index, asker);
    }
  }
}

void Connector::StartDial(uint16_t index, const Asker& asker) {
  const uint64_t number = next_number_++;
  auto dial = std::make_unique<Dial>(
      loop_, upstreams_[index].addresses,
      [this, asker, number](DialStatus status, UniqueFd socket) {
        Answer(asker, status, socket);
        const auto found = dials_.find(number);
        loop_.DeferDelete(std::move(found->second));
        dials_.erase(found);
      });
  Dial& started = *dial;
  dials_.emplace(number, std::move(dial));
  started.Start(absl::Milliseconds(settings_.connect_timeout));
}

void Connector::Answer(const Asker& asker, DialStatus status,
                       const UniqueFd& socket) {
  const auto found = channels_.find(asker.worker);
  if (found == channels_.end() || found->second.number != asker.channel) return;
  DialReply reply;
  reply.status = status;
  // A worker that does not read its answers loses them, and its dial runs out
  // of time there.
  const absl::Status sent = found->second.frames.SendMessage(
      asker.id, reply, status == DialStatus::kOk ? socket.get() : -1);
  if (!sent.ok()) {
    Log(Severity::kWarning, "dial_answer_lost")
        .Number("slot", asker.worker)
        .Code("code", sent);
  }
}

void Connector::Drop(uint16_t worker) { channels_.erase(worker); }

}  // namespace holt::worker
