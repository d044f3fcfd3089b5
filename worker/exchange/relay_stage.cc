#include "worker/exchange/relay_stage.h"

#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "worker/exchange/upstream_error.h"

namespace holt::worker {
namespace {

// An error's body beyond this is not worth reading: a neutral one replaces it.
constexpr size_t kMaxErrorBody = 64 * 1024;

bool IsEventStream(absl::string_view content_type) {
  return absl::StartsWithIgnoreCase(content_type, "text/event-stream");
}

bool IsCoded(const ResponseHead& head) {
  const auto coding = head.Find("content-encoding");
  return coding.has_value() && !absl::EqualsIgnoreCase(*coding, "identity");
}

absl::string_view ViewOf(const WipedBytes& bytes) { return bytes.view(); }

}  // namespace

RelayStage::RelayStage(Services& services, RelayHandler& handler,
                       const Request& request)
    : services_(services),
      handler_(handler),
      request_(request),
      events_(services.buffers) {
  parser_.Reset(request.method);
}

RelayStage::Result RelayStage::Relay(ChunkBuffer& input, bool ended,
                                     ChunkBuffer& output) {
  using Event = ResponseParser::Step::Event;
  while (true) {
    const ResponseParser::Step step = parser_.Next(input.Front());
    Result result = Result::kMore;
    bool fits = true;
    switch (step.event) {
      case Event::kNeedMore:
        break;
      case Event::kHead:
        result = OnHead(output);
        break;
      case Event::kBody:
        fits = OnBody(step.body, output);
        break;
      case Event::kEnd:
        input.Consume(step.consumed);
        return OnEnd(output);
      case Event::kRefused:
        return Break();
    }
    input.Consume(step.consumed);
    if (!fits) return Break();
    if (result != Result::kMore) return result;
    if (step.event == Event::kNeedMore && input.empty()) break;
  }
  if (!ended) return Result::kMore;
  return parser_.FinishAtClose() ? OnEnd(output) : Break();
}

RelayStage::Result RelayStage::OnHead(ChunkBuffer& output) {
  const ResponseHead& head = parser_.head();
  const int status = head.status();
  if (const auto refusal = RefusalForUpstreamStatus(head)) {
    return Replace(*refusal);
  }
  if (status >= 400) {
    kind_ = Kind::kError;
    return Result::kMore;
  }
  readable_ = !IsCoded(head);
  const absl::string_view type =
      head.Find("content-type").value_or(absl::string_view());
  // Events that are coded cannot be told apart: passed on like any content.
  kind_ = readable_ && IsEventStream(type) ? Kind::kStream : Kind::kWhole;
  if (kind_ == Kind::kStream) {
    stream_.emplace(request_.remove_usage
                        ? EventStreamFilter::Mode::kRemoveUsage
                        : EventStreamFilter::Mode::kPass);
  }
  const bool bodiless = status == 204;
  const bool sized = kind_ == Kind::kWhole && head.content_length().has_value();
  BodyFraming framing = request_.minor_version == 0 ? BodyFraming::kUntilClose
                                                    : BodyFraming::kChunked;
  if (sized) framing = BodyFraming::kLength;
  if (bodiless) framing = BodyFraming::kNone;
  handler_.OnAnswerStatus(status);
  WriteAnswerHead(output, framing);
  return Result::kMore;
}

void RelayStage::WriteAnswerHead(ChunkBuffer& output, BodyFraming framing) {
  const ResponseHead& head = parser_.head();
  framing_ = framing;
  started_ = true;
  const ResponseContext context = handler_.MakeContext();
  ResponseHeadOptions options;
  options.status = head.status();
  options.framing = framing;
  options.content_length = head.content_length().value_or(0);
  options.event_stream = kind_ == Kind::kStream;
  options.content_type =
      kind_ == Kind::kStream
          ? absl::string_view("text/event-stream; charset=utf-8")
          : head.Find("content-type").value_or(absl::string_view());
  std::array<Field, 1> passed_on;
  if (!readable_) {
    passed_on[0] = {"content-encoding", *head.Find("content-encoding")};
    options.passed_on = passed_on;
  }
  WriteHead(output, context, options);
}

bool RelayStage::OnBody(absl::Span<const uint8_t> bytes, ChunkBuffer& output) {
  switch (kind_) {
    case Kind::kUnknown:
      return false;
    case Kind::kWhole:
      if (readable_) watcher_.Feed(bytes);
      AppendBody(bytes, output);
      return true;
    case Kind::kStream: {
      // An event that found no room may not be missing unnoticed.
      const bool fits = stream_->Feed(bytes, events_) && !events_.overflowed();
      handler_.OnUsage(stream_->usage(), stream_->model());
      if (!events_.empty()) Count(services_.counters.stream_chunks);
      if (framing_ == BodyFraming::kChunked) {
        AppendChunk(output, events_);
      } else {
        output.MoveAllFrom(events_);
      }
      return fits;
    }
    case Kind::kError:
      if (error_body_.size() + bytes.size() > kMaxErrorBody) {
        error_too_long_ = true;
        error_body_.Clear();
      }
      if (!error_too_long_) error_body_.Append(bytes);
      return true;
  }
  return false;
}

void RelayStage::AppendBody(absl::Span<const uint8_t> bytes,
                            ChunkBuffer& output) {
  if (framing_ == BodyFraming::kChunked) {
    AppendChunk(output, bytes);
  } else {
    output.Append(bytes);
  }
}

RelayStage::Result RelayStage::OnEnd(ChunkBuffer& output) {
  if (kind_ == Kind::kError) return FinishError(output);
  if (kind_ == Kind::kStream) {
    const bool whole = stream_->Finish(events_) && !events_.overflowed();
    handler_.OnUsage(stream_->usage(), stream_->model());
    if (framing_ == BodyFraming::kChunked) {
      AppendChunk(output, events_);
    } else {
      output.MoveAllFrom(events_);
    }
    if (!whole) return Result::kCut;
  } else if (readable_) {
    watcher_.Finish();
    handler_.OnUsage(watcher_.usage(), watcher_.model());
  }
  handler_.OnAnswerComplete();
  if (framing_ == BodyFraming::kChunked && request_.method != Method::kHead) {
    AppendLastChunk(output);
  }
  return Result::kComplete;
}

// Cut, or not HTTP: what the client gets depends on what it has got already.
RelayStage::Result RelayStage::Break() {
  if (started_) return Result::kCut;
  return Replace(MakeRefusal(RefusalKind::kUpstreamFailed));
}

RelayStage::Result RelayStage::Replace(const Refusal& refusal) {
  replacement_ = refusal;
  return Result::kReplace;
}

RelayStage::Result RelayStage::FinishError(ChunkBuffer& output) {
  const int status = parser_.head().status();
  if (!HasErrorShape(ViewOf(error_body_))) {
    return Replace(NeutralUpstreamError(status));
  }
  handler_.OnAnswerStatus(status);
  handler_.OnAnswerComplete();
  started_ = true;
  WriteJson(output, status, ViewOf(error_body_), handler_.MakeContext());
  return Result::kComplete;
}

bool RelayStage::at_boundary() const {
  return stream_.has_value() && started_ && stream_->at_boundary();
}

void RelayStage::AppendKeepAlive(ChunkBuffer& output) {
  AppendKeepAliveComment(events_);
  if (framing_ == BodyFraming::kChunked) {
    AppendChunk(output, events_);
  } else {
    output.MoveAllFrom(events_);
  }
}

bool RelayStage::EndCutStream(const Refusal& refusal, ChunkBuffer& output) {
  // Without chunks an error event would end in a clean close.
  if (!stream_.has_value() || !started_ || framing_ != BodyFraming::kChunked) {
    return false;
  }
  AppendErrorEvent(events_, refusal, stream_->at_boundary());
  AppendChunk(output, events_);
  AppendLastChunk(output);
  return true;
}

}  // namespace holt::worker
