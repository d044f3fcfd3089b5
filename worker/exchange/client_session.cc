#include "worker/exchange/client_session.h"

#include <utility>
#include <vector>

namespace holt::worker {
namespace {

// After an early answer: how much of what the client still sends is read and
// dropped so that it sees the answer.
constexpr size_t kMaxDiscard = 32 * 1024 * 1024;
constexpr absl::Duration kMaxDiscardTime = absl::Seconds(5);

constexpr int64_t kNanosPerMilli = 1'000'000;

// The floor for request bodies: averaged from the head on, once this time is
// over.
constexpr int64_t kBodyGraceSeconds = 30;
constexpr uint64_t kLeastBodyBytesPerSecond = 1024;

HeadLimits LimitsOf(const WorkerSettings& settings) {
  HeadLimits limits;
  limits.line = settings.max_request_line;
  limits.field = settings.max_field_size;
  limits.fields = settings.max_head_size;
  limits.count = settings.max_field_count;
  return limits;
}

ConnectionOptions OptionsOf(const WorkerSettings& settings) {
  ConnectionOptions options;
  options.handshake_timeout = absl::Milliseconds(settings.handshake_timeout);
  options.write_stall_timeout =
      absl::Milliseconds(settings.write_stall_timeout);
  options.high_mark = settings.max_buffered_per_exchange / 2;
  options.low_mark = options.high_mark / 2;
  return options;
}

}  // namespace

ClientSession::ClientSession(Services& services, SessionTable& table,
                             std::unique_ptr<Transport> transport,
                             const PeerAddress& peer, ConnectionSlot slot)
    : services_(services),
      table_(table),
      slot_(std::move(slot)),
      parser_(LimitsOf(services.settings)),
      timer_(services.loop, [this] { OnTimeout(); }),
      resume_(services.loop, [this] { ResumeParsing(); }),
      opened_nanos_(services.loop.now_nanos()) {
  origin_.encrypted = transport->encrypted();
  origin_.peer = peer.LimiterKey();
  connection_ =
      Connection::Create(services.loop, services.buffers, std::move(transport),
                         *this, OptionsOf(services.settings));
}

ClientSession::~ClientSession() = default;

void ClientSession::Start() { connection_->Start(); }

void ClientSession::OnOpen() {
  slot_.Established();
  SetState(State::kFirstByte);
}

void ClientSession::Drain() {
  if (state_ == State::kFirstByte || state_ == State::kIdle) EndIdle();
}

// Each state has its time; an exchange watches its own.
void ClientSession::SetState(State state) {
  state_ = state;
  const WorkerSettings& settings = services_.settings;
  switch (state) {
    case State::kFirstByte:
    case State::kHead:
      timer_.Start(absl::Milliseconds(settings.head_timeout));
      return;
    case State::kBody:
      timer_.Start(absl::Milliseconds(settings.body_gap_timeout));
      return;
    case State::kIdle:
      timer_.Start(absl::Milliseconds(settings.idle_timeout));
      return;
    case State::kExchange:
    case State::kEnding:
      timer_.Cancel();
      return;
  }
}

void ClientSession::OnInput() {
  if (state_ == State::kEnding) return;
  if (connection_->input_ended()) {
    // Half-closing clients are taken for gone: what they asked costs money.
    Leave();
    return;
  }
  ParseInput();
}

void ClientSession::ParseInput() {
  if (parsing_) return;
  parsing_ = true;
  while (MayParse() && Step()) {
  }
  parsing_ = false;
}

bool ClientSession::MayParse() const {
  if (state_ == State::kExchange || state_ == State::kEnding) return false;
  // Who does not read his answers gets no further ones.
  return state_ != State::kIdle || !connection_->output_above_high();
}

// One event of the parser. False: nothing more to take now.
bool ClientSession::Step() {
  using Event = RequestParser::Step::Event;
  ChunkBuffer& input = connection_->input();
  const RequestParser::Step step = parser_.Next(input.Front());
  switch (step.event) {
    case Event::kNeedMore:
      input.Consume(step.consumed);
      if (parser_.started() &&
          (state_ == State::kIdle || state_ == State::kFirstByte)) {
        SetState(State::kHead);
      }
      return !input.empty();
    case Event::kHead:
      input.Consume(step.consumed);
      return OnHead();
    case Event::kBody: {
      SetState(State::kBody);
      if (BodyIsTooSlow()) {
        input.Consume(step.consumed);
        AnswerTimeout(RefusalKind::kBodyTimeout);
        return false;
      }
      // Answered already: what comes is dropped.
      const bool wanted = exchange_ == nullptr || exchange_->OnBody(step.body);
      input.Consume(step.consumed);
      return wanted;
    }
    case Event::kEnd:
      input.Consume(step.consumed);
      OnRequestEnd();
      return true;
    case Event::kRefused:
      OnRefused();
      return false;
  }
  return false;
}

bool ClientSession::OnHead() {
  ++requests_;
  const WorkerSettings& settings = services_.settings;
  const int64_t age =
      (services_.loop.now_nanos() - opened_nanos_) / kNanosPerMilli;
  Exchange::Origin origin;
  origin.admission = origin_;
  origin.may_keep_alive = requests_ < settings.max_requests_per_connection &&
                          age < settings.connection_max_age;
  exchange_ = std::make_unique<Exchange>(
      services_, static_cast<ExchangeClient&>(*this), parser_.head(), origin);
  body_start_nanos_ = services_.loop.now_nanos();
  SetState(State::kBody);
  if (!exchange_->OnHead()) return state_ != State::kEnding;
  return true;
}

// A byte now and then keeps no slot: after a while a body must have come at a
// floor's rate.
bool ClientSession::BodyIsTooSlow() const {
  const int64_t seconds =
      (services_.loop.now_nanos() - body_start_nanos_) / 1'000'000'000;
  return seconds > kBodyGraceSeconds &&
         parser_.body_size() <
             static_cast<uint64_t>(seconds) * kLeastBodyBytesPerSecond;
}

void ClientSession::OnRequestEnd() {
  if (exchange_ == nullptr) {
    NextRequest();
    return;
  }
  SetState(State::kExchange);
  exchange_->OnBodyEnd();
}

void ClientSession::OnRefused() {
  if (exchange_ != nullptr) {
    exchange_->OnBadRequest(parser_.refusal());
    return;
  }
  Count(services_.counters.requests_refused);
  WriteRefusal(parser_.refusal());
}

void ClientSession::OnExchangeDone(ExchangeEnd end) {
  services_.loop.DeferDelete(std::move(exchange_));
  if (end == ExchangeEnd::kBreak) {
    connection_->Abort();
    Leave();
    return;
  }
  if (end == ExchangeEnd::kClose) {
    End();
    return;
  }
  // Answered before its end was parsed (no body, or none left): the parser
  // will reach kEnd and come to NextRequest itself.
  if (state_ == State::kExchange) NextRequest();
}

void ClientSession::NextRequest() {
  parser_.Reset();
  if (services_.draining) {
    End();
    return;
  }
  SetState(State::kIdle);
  // What a pipelining client sent meanwhile is read in a turn of its own, so
  // that a long pipeline does not keep the others waiting.
  if (!parsing_ && !connection_->input().empty()) {
    resume_.Start(absl::ZeroDuration());
  }
}

void ClientSession::ResumeParsing() {
  if (state_ != State::kIdle) return;
  // Input may only be consumed here while reading is paused.
  connection_->PauseReading();
  ParseInput();
  connection_->ResumeReading();
}

void ClientSession::OnDrained() {
  if (exchange_ != nullptr) {
    exchange_->OnClientDrained();
  } else if (state_ == State::kIdle) {
    resume_.Start(absl::ZeroDuration());
  }
}

void ClientSession::OnClosed(CloseReason /*reason*/) { Leave(); }

void ClientSession::OnTimeout() {
  switch (state_) {
    case State::kHead:
      AnswerTimeout(RefusalKind::kHeadTimeout);
      return;
    case State::kBody:
      AnswerTimeout(RefusalKind::kBodyTimeout);
      return;
    case State::kFirstByte:
    case State::kIdle:
      EndIdle();
      return;
    case State::kExchange:
    case State::kEnding:
      Leave();
      return;
  }
}

void ClientSession::AnswerTimeout(RefusalKind kind) {
  if (exchange_ != nullptr) {
    exchange_->OnBadRequest(MakeRefusal(kind));
    return;
  }
  WriteRefusal(MakeRefusal(kind));
}

// A refusal of something that never became a request.
void ClientSession::WriteRefusal(const Refusal& refusal) {
  const RequestId id = RequestId::Make();
  ResponseContext context;
  context.request_id = id.text();
  context.now = services_.clock.Now();
  context.retry = refusal.retry;
  context.tls = origin_.encrypted;
  WriteError(connection_->output(), refusal, context);
  End();
}

// The last answer is written: send it, let the client see it, then close.
void ClientSession::End() {
  SetState(State::kEnding);
  connection_->Flush();
  connection_->ShutdownWrite();
  connection_->Discard(kMaxDiscard, kMaxDiscardTime);
}

// Between two requests; the last answer may still be under way to a slow
// client.
void ClientSession::EndIdle() {
  if (connection_->output().empty()) {
    Leave();
  } else {
    End();
  }
}

// Nobody is there any more (or nobody is wanted).
void ClientSession::Leave() {
  SetState(State::kEnding);
  if (exchange_ != nullptr) {
    exchange_->OnClientGone();
    services_.loop.DeferDelete(std::move(exchange_));
  }
  connection_->Close();
  table_.Remove(this);
}

SessionTable::~SessionTable() = default;

void SessionTable::Open(std::unique_ptr<Transport> transport,
                        const PeerAddress& peer, ConnectionSlot slot) {
  auto session = std::make_unique<ClientSession>(
      services_, *this, std::move(transport), peer, std::move(slot));
  ClientSession* raw = session.get();
  sessions_.emplace(raw, std::move(session));
  raw->Start();
}

void SessionTable::Remove(ClientSession* session) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  services_.loop.DeferDelete(std::move(found->second));
  sessions_.erase(found);
  if (sessions_.empty() && on_empty_) on_empty_();
}

void SessionTable::DrainAll() {
  std::vector<ClientSession*> all;
  all.reserve(sessions_.size());
  for (const auto& [session, owned] : sessions_) all.push_back(session);
  for (ClientSession* session : all) session->Drain();
}

}  // namespace holt::worker
