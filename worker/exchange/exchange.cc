#include "worker/exchange/exchange.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/types/variant.h"
#include "worker/exchange/key_info.h"

namespace holt::worker {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;

// Heads, framing and the like on top of what is relayed.
constexpr size_t kRelayHeadroom = 8 * kBlockSize;

// Room for a body before its bytes have come.
constexpr uint64_t kFirstBodyRoom = 64 * 1024;

// Of a body where none belongs, e.g. with GET.
constexpr uint64_t kMaxDroppedBody = 64 * 1024;

bool IsJson(absl::string_view content_type) {
  constexpr absl::string_view kJson = "application/json";
  if (!absl::StartsWithIgnoreCase(content_type, kJson)) return false;
  content_type.remove_prefix(kJson.size());
  return content_type.empty() || content_type[0] == ';' ||
         content_type[0] == ' ' || content_type[0] == '\t';
}

}  // namespace

Exchange::Exchange(Services& services, ExchangeClient& client,
                   const RequestHead& head, const Origin& origin)
    : services_(services),
      client_(client),
      head_(head),
      origin_(origin),
      id_(RequestId::Make()),
      start_nanos_(services.loop.now_nanos()),
      meter_(services.journal, services.clock),
      forward_(services, *this),
      silence_(services.loop, [this] { OnSilence(); }) {
  Count(services.counters.requests_started);
}

Exchange::~Exchange() {
  forward_.Cancel();
  CloseRecord(UsageOutcome::kCut);
}

// ---- admit

bool Exchange::OnHead() {
  if (!Route() || !Admit()) return false;
  if (route_->kind == RouteKind::kKeyInfo) {
    AnswerKeyInfo();
    return false;
  }
  if (!CheckBodyHead()) return false;
  state_ = State::kReadingBody;
  if (head_.expect_continue()) {
    WriteContinue(client_.output());
    client_.Flush();
  }
  return true;
}

bool Exchange::Route() {
  const RouteMatch match = MatchRoute(head_.method(), head_.path());
  if (match.route != nullptr && match.route->kind == RouteKind::kHealth) {
    AnswerHealth();
    return false;
  }
  if (auto rejection =
          services_.admitter.AdmitOrigin(head_, origin_.admission)) {
    rate_ = rejection->rate;
    Refuse(rejection->refusal);
    return false;
  }
  if (head_.method() == Method::kOptions && IsApiPath(head_.path())) {
    WritePreflight(client_.output(),
                   head_.Find("access-control-request-headers")
                       .value_or(absl::string_view()),
                   MakeContext());
    Finish(KeepsAlive() ? ExchangeEnd::kKeepAlive : ExchangeEnd::kClose);
    return false;
  }
  route_ = match.route;
  if (route_ != nullptr) return true;
  if (match.wrong_method) {
    Refuse(MethodNotAllowed(head_.method()), match.allow);
  } else {
    Refuse(UnknownUrl(head_.method(), head_.path()));
  }
  return false;
}

bool Exchange::Admit() {
  auto verdict = services_.admitter.AdmitKey(head_);
  if (auto* rejection = absl::get_if<Rejection>(&verdict)) {
    rate_ = rejection->rate;
    Refuse(rejection->refusal);
    return false;
  }
  auto& admission = absl::get<Admission>(verdict);
  key_ = admission.key;
  rate_ = admission.rate;
  slot_ = std::move(admission.slot);
  return true;
}

// What the head says about the body is judged before a byte of it is read.
bool Exchange::CheckBodyHead() {
  const uint64_t most = services_.settings.max_body_size;
  if (head_.content_length().value_or(0) > most) {
    Refuse(BodyTooLarge(most));
    return false;
  }
  if (route_->kind != RouteKind::kForwardJson) return true;
  if (!IsJson(head_.Find("content-type").value_or(absl::string_view()))) {
    Refuse(MakeRefusal(RefusalKind::kUnsupportedMediaType));
    return false;
  }
  if (IsOverloaded(services_.buffers)) {
    Refuse(MakeRefusal(RefusalKind::kOverloaded));
    return false;
  }
  // What a client announces is not yet worth memory.
  body_.Reserve(
      std::min<uint64_t>(head_.content_length().value_or(0), kFirstBodyRoom));
  return true;
}

void Exchange::AnswerHealth() {
  WriteJson(client_.output(), 200, R"({"status":"healthy"})", MakeContext());
  Finish(KeepsAlive() ? ExchangeEnd::kKeepAlive : ExchangeEnd::kClose);
}

void Exchange::AnswerKeyInfo() {
  WriteJson(client_.output(), 200, KeyInfoJson(key_), MakeContext());
  Finish(KeepsAlive() ? ExchangeEnd::kKeepAlive : ExchangeEnd::kClose);
}

bool Exchange::OnBody(absl::Span<const uint8_t> bytes) {
  // A body where none belongs is read and dropped, up to a bound.
  const bool wanted = route_->kind == RouteKind::kForwardJson;
  const uint64_t most =
      wanted ? services_.settings.max_body_size : kMaxDroppedBody;
  body_received_ += bytes.size();
  if (body_received_ > most) {
    Refuse(BodyTooLarge(most));
    return false;
  }
  if (wanted) body_.Append(bytes);
  return true;
}

void Exchange::OnBodyEnd() {
  state_ = State::kForwarding;
  Forward();
}

void Exchange::OnBadRequest(const Refusal& refusal) {
  if (state_ != State::kDone) Refuse(refusal);
}

// ---- forward

void Exchange::Forward() {
  BodyPieces pieces;
  if (!ReadControls(pieces)) return;
  if (services_.settings.upstream_count == 0) {
    Refuse(MakeRefusal(RefusalKind::kUpstreamUnreachable));
    return;
  }
  const absl::Status reserved = meter_.Open(
      {key_.key_number, route_->endpoint, controls_.model, controls_.stream});
  if (!reserved.ok()) {
    Count(services_.counters.journal_full);
    Refuse(MakeRefusal(RefusalKind::kJournalFull));
    return;
  }
  RelayStage::Request request;
  request.method = head_.method();
  request.minor_version = head_.minor_version();
  request.remove_usage = !pieces.inserted.empty();
  relay_.emplace(services_, static_cast<RelayHandler&>(*this), request);
  forward_.Start(/*upstream=*/0, head_, std::move(body_), pieces);
  controls_.model = {};  // a view into the body, which goes as it is sent
  heard_nanos_ = services_.loop.now_nanos();
  StartSilenceTimer();
}

bool Exchange::ReadControls(BodyPieces& pieces) {
  if (route_->kind != RouteKind::kForwardJson) return true;
  if (auto refusal = ReadJsonBody(body_.span(), JsonRules{}, controls_)) {
    Refuse(*refusal);
    return false;
  }
  const bool asks_by_options = route_->endpoint == Endpoint::kChatCompletions ||
                               route_->endpoint == Endpoint::kCompletions;
  pieces.before = body_.span();
  if (asks_by_options) pieces = EditForUsage(body_.span(), controls_);
  return true;
}

void Exchange::OnForwardFailed(const absl::Status& status) {
  Refuse(MakeRefusal(absl::IsResourceExhausted(status)
                         ? RefusalKind::kOverloaded
                         : RefusalKind::kUpstreamUnreachable));
}

void Exchange::OnResponseBytes(ChunkBuffer& input, ResponseEnd end) {
  heard_nanos_ = services_.loop.now_nanos();
  // Writers below count on room for what they write.
  if (services_.buffers.max_bytes() - services_.buffers.used_bytes() <
      2 * input.size() + kRelayHeadroom) {
    OnNoMemory();
    return;
  }
  RelayStage::Result result =
      relay_->Relay(input, end == ResponseEnd::kOrderly, client_.output());
  if (result == RelayStage::Result::kMore && end == ResponseEnd::kBroken) {
    result = relay_->Break();
  }
  if (relay_->started() && state_ != State::kRelaying) {
    state_ = State::kRelaying;
    StartSilenceTimer();  // other times hold from here on
  }
  switch (result) {
    case RelayStage::Result::kMore:
      client_.Flush();
      if (client_.output_above_high()) forward_.PauseResponse();
      return;
    case RelayStage::Result::kComplete:
      forward_.Finish(relay_->upstream_reusable());
      Finish(KeepsAlive() ? ExchangeEnd::kKeepAlive : ExchangeEnd::kClose);
      return;
    case RelayStage::Result::kReplace:
      forward_.Finish(relay_->upstream_reusable());
      Refuse(relay_->replacement());
      return;
    case RelayStage::Result::kCut:
      OnCut(MakeRefusal(RefusalKind::kUpstreamFailed));
      return;
  }
}

// ---- relay

ResponseContext Exchange::MakeContext() {
  ResponseContext context;
  context.request_id = id_.text();
  context.now = services_.clock.Now();
  context.processing_milliseconds =
      (services_.loop.now_nanos() - start_nanos_) / kNanosPerMilli;
  context.rate = rate_;
  context.minor_version = head_.minor_version();
  context.keep_alive = KeepsAlive();
  context.head_only = head_.method() == Method::kHead;
  context.tls =
      origin_.admission.encrypted || services_.settings.force_https != 0;
  context.cors = IsApiPath(head_.path());
  return context;
}

void Exchange::OnAnswerStatus(int status) {
  answer_status_ = status;
  meter_.SetStatus(status);
}

void Exchange::OnUsage(const UsageReading& usage, absl::string_view model) {
  meter_.Observe(usage, model);
}

void Exchange::OnAnswerComplete() { meter_.Close(UsageOutcome::kFinished); }

void Exchange::OnCut(const Refusal& why) {
  forward_.Cancel();
  meter_.Close(UsageOutcome::kCut);
  Count(services_.counters.requests_failed);
  const bool told = relay_->EndCutStream(why, client_.output());
  Finish(told ? ExchangeEnd::kClose : ExchangeEnd::kBreak);
}

// The pool is used up: this exchange gives way.
void Exchange::OnNoMemory() {
  if (relay_->started()) {
    OnCut(MakeRefusal(RefusalKind::kOverloaded));
    return;
  }
  forward_.Cancel();
  Refuse(MakeRefusal(RefusalKind::kOverloaded));
}

void Exchange::OnClientDrained() {
  if (!forward_.paused()) return;
  heard_nanos_ = services_.loop.now_nanos();
  forward_.ResumeResponse();
}

void Exchange::OnClientGone() {
  if (state_ == State::kDone) return;
  forward_.Cancel();
  CloseRecord(UsageOutcome::kAborted);
  Count(services_.counters.requests_aborted);
  state_ = State::kDone;
  silence_.Cancel();
  slot_ = ConcurrencySlot();
}

// One timer for both silences: the upstream's, which ends the exchange, and on
// a stream ours towards the client, which a comment breaks.
void Exchange::StartSilenceTimer() {
  const WorkerSettings& settings = services_.settings;
  uint32_t wait = state_ == State::kRelaying ? settings.upstream_gap_timeout
                                             : settings.upstream_head_timeout;
  if (relay_->is_stream()) wait = std::min(wait, settings.keep_alive_comment);
  silence_.Start(absl::Milliseconds(wait));
}

void Exchange::OnSilence() {
  // While the client is slow nobody listens to the upstream.
  if (forward_.paused()) {
    StartSilenceTimer();
    return;
  }
  const WorkerSettings& settings = services_.settings;
  const int64_t quiet =
      (services_.loop.now_nanos() - heard_nanos_) / kNanosPerMilli;
  const int64_t most = state_ == State::kRelaying
                           ? settings.upstream_gap_timeout
                           : settings.upstream_head_timeout;
  if (quiet >= most) {
    if (state_ == State::kRelaying) {
      OnCut(MakeRefusal(RefusalKind::kUpstreamTimeout));
      return;
    }
    forward_.Cancel();
    Refuse(MakeRefusal(RefusalKind::kUpstreamTimeout));
    return;
  }
  if (quiet >= settings.keep_alive_comment && relay_->at_boundary() &&
      !client_.output_above_high()) {
    relay_->AppendKeepAlive(client_.output());
    client_.Flush();
  }
  StartSilenceTimer();
}

// ---- ends

bool Exchange::BodyIsUnread() const {
  const bool has_body =
      head_.chunked() || head_.content_length().value_or(0) > 0;
  return has_body &&
         (state_ == State::kAdmitting || state_ == State::kReadingBody);
}

bool Exchange::KeepsAlive() const {
  const bool close_ends_it = relay_.has_value() && relay_->until_close();
  return head_.keep_alive() && origin_.may_keep_alive && !services_.draining &&
         !BodyIsUnread() && !close_ends_it;
}

void Exchange::Refuse(const Refusal& refusal, absl::string_view allow) {
  OnAnswerStatus(refusal.status);
  CloseRecord(UsageOutcome::kCut);
  Count(refusal.status < 500 ? services_.counters.requests_refused
                             : services_.counters.requests_failed);
  ResponseContext context = MakeContext();
  context.retry = refusal.retry;
  WriteError(client_.output(), refusal, context, allow);
  Finish(context.keep_alive && !refusal.close ? ExchangeEnd::kKeepAlive
                                              : ExchangeEnd::kClose);
}

// After bytes went upstream the request is on record; before, it never was.
void Exchange::CloseRecord(UsageOutcome outcome) {
  if (forward_.sent()) {
    meter_.Close(outcome);
  } else {
    meter_.TakeBack();
  }
}

void Exchange::Finish(ExchangeEnd end) {
  state_ = State::kDone;
  silence_.Cancel();
  slot_ = ConcurrencySlot();
  body_ = WipedBytes();
  Count(services_.counters.requests_finished);
  client_.Flush();
  client_.OnExchangeDone(end);
}

}  // namespace holt::worker
