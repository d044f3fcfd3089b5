#include "bench/load/load_connection.h"

#include <netinet/tcp.h>

#include <array>
#include <cerrno>
#include <utility>

#include "common/base/unique_fd.h"

namespace holt::bench {
namespace {

constexpr size_t kReadSize = size_t{64} * 1024;
constexpr int kOk = 200;
// Nobody answers any more: going on would only burn the processor.
constexpr uint32_t kMostFailuresInARow = 16;

// A socket whose connect was begun; its error, if any, is pending on it.
UniqueFd BeginConnect(const Workload& workload) {
  UniqueFd socket(::socket(workload.address.ss_family,
                           SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return socket;
  const int on = 1;
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const int result = connect(
      socket.get(), reinterpret_cast<const sockaddr*>(&workload.address),
      workload.address_size);
  if (result != 0 && errno != EINPROGRESS) socket.reset();
  return socket;
}

}  // namespace

LoadConnection::LoadConnection(Loop& loop, const Workload& workload,
                               const RunState& run, uint64_t share,
                               std::function<void()> on_rest)
    : loop_(loop),
      workload_(workload),
      gate_(run.gate),
      totals_(run.totals),
      share_(share),
      on_rest_(std::move(on_rest)) {}

void LoadConnection::Start() { AskToDial(); }

void LoadConnection::AskToDial() {
  phase_ = Phase::kDialling;
  gate_.Enter([this] {
    if (phase_ == Phase::kDialling) return Dial();
    gate_.Leave();
  });
}

void LoadConnection::Dial() {
  event_.reset();
  stream_.reset();
  requests_here_ = 0;
  reader_.Next();
  dialled_at_ = Clock::Real().BootNanos();
  UniqueFd socket = BeginConnect(workload_);
  if (!socket.valid()) return Fail(Failure::kConnect);
  stream_ = std::make_unique<ClientStream>(std::move(socket), workload_.tls);
  event_ = std::make_unique<FdEvent>(loop_, stream_->fd(),
                                     [this](uint32_t /*ready*/) { OnReady(); });
  event_->SetInterest(FdEvent::kWrite);
}

void LoadConnection::OnReady() {
  switch (phase_) {
    case Phase::kDialling: {
      const ClientStream::Step step = stream_->Connect();
      if (step != ClientStream::Step::kDone) {
        return Await(step, Failure::kConnect);
      }
      return Connected();
    }
    case Phase::kSending:
      return Advance();
    case Phase::kReceiving:
      return Receive();
    case Phase::kResting:
      // The server ended a connection that is only held.
      event_->SetInterest(0);
  }
}

void LoadConnection::Connected() {
  gate_.Leave();
  totals_.connect.Add(SinceNanos(dialled_at_));
  ++totals_.connections;
  if (stream_->is_resumed()) {
    ++totals_.resumed_handshakes;
  } else if (stream_->is_tls()) {
    ++totals_.full_handshakes;
    if (totals_.tls.empty()) totals_.tls = stream_->Describe();
  }
  BeginRequest();
}

void LoadConnection::BeginRequest() {
  phase_ = Phase::kSending;
  unsent_ = workload_.request;
  has_first_byte_ = false;
  reader_.Next();
  asked_at_ = Clock::Real().BootNanos();
  Advance();
}

void LoadConnection::Advance() {
  const ClientStream::Step step = stream_->Write(unsent_);
  if (step != ClientStream::Step::kDone) return Await(step, Failure::kClosed);
  phase_ = Phase::kReceiving;
  event_->SetInterest(FdEvent::kRead);
}

void LoadConnection::Receive() {
  static std::array<char, kReadSize> buffer;
  while (true) {
    size_t size = 0;
    const ClientStream::Step step = stream_->Read(absl::MakeSpan(buffer), size);
    if (step != ClientStream::Step::kDone) return Await(step, Failure::kClosed);
    if (!Take(absl::string_view(buffer.data(), size))) return EndRequest();
  }
}

bool LoadConnection::Take(absl::string_view bytes) {
  totals_.bytes_in += bytes.size();
  if (!std::exchange(has_first_byte_, true)) {
    totals_.first_byte.Add(SinceNanos(asked_at_));
  }
  const size_t taken = reader_.Feed(bytes);
  return reader_.state() == ResponseReader::State::kReading &&
         taken == bytes.size();
}

void LoadConnection::EndRequest() {
  if (reader_.state() == ResponseReader::State::kBroken) {
    return Fail(Failure::kNoHttp);
  }
  const ResponseReader::Response& response = reader_.response();
  totals_.whole.Add(SinceNanos(asked_at_));
  ++totals_.statuses[response.status];
  if (response.status != kOk) {
    ++totals_.failures[Failure::kStatus];
  } else if (workload_.is_stream && !response.events.is_done()) {
    ++totals_.failures[Failure::kNoDone];
  } else {
    ++totals_.succeeded;
    totals_.chunks += response.chunks;
    totals_.events += response.events.events();
    totals_.body_bytes += response.body_bytes;
  }
  failures_in_a_row_ = 0;
  NextRequest(response.keep_alive);
}

// Called inside the stream's own callback: what replaces the stream waits for
// the end of the turn.
void LoadConnection::NextRequest(bool keep_alive) {
  if (share_ > 0) --share_;
  if (share_ == 0) return Rest();
  ++requests_here_;
  const bool is_due = workload_.reconnect_every != 0 &&
                      requests_here_ >= workload_.reconnect_every;
  if (keep_alive && !is_due) return BeginRequest();
  if (event_ != nullptr) event_->SetInterest(0);
  loop_.Defer([this] {
    if (phase_ != Phase::kResting) AskToDial();
  });
}

void LoadConnection::Fail(Failure failure) {
  if (phase_ == Phase::kDialling) gate_.Leave();
  ++totals_.failures[failure];
  if (++failures_in_a_row_ >= kMostFailuresInARow) StopSoon();
  NextRequest(/*keep_alive=*/false);
}

void LoadConnection::GiveUp() {
  if (phase_ == Phase::kResting) return;
  ++totals_.failures[Failure::kStalled];
  Rest();
}

void LoadConnection::Await(ClientStream::Step step, Failure on_close) {
  switch (step) {
    case ClientStream::Step::kWantRead:
      return event_->SetInterest(FdEvent::kRead);
    case ClientStream::Step::kWantWrite:
      return event_->SetInterest(FdEvent::kWrite);
    case ClientStream::Step::kDone:
    case ClientStream::Step::kClosed:
      return Fail(on_close);
  }
}

void LoadConnection::Rest() {
  phase_ = Phase::kResting;
  if (event_ != nullptr) event_->SetInterest(0);
  on_rest_();
}

absl::Duration LoadConnection::SinceNanos(int64_t start) const {
  return absl::Nanoseconds(Clock::Real().BootNanos() - start);
}

}  // namespace holt::bench
