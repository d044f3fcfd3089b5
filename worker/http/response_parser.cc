#include "worker/http/response_parser.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace holt::worker {
namespace {

using Event = ResponseParser::Step::Event;

constexpr int kMaxInterim = 8;

bool IsDigit(char c) {
  return absl::ascii_isdigit(static_cast<unsigned char>(c));
}

}  // namespace

ResponseParser::ResponseParser(const HeadLimits& limits)
    : reader_(HeadReader::Kind::kResponse, limits) {}

ResponseParser::Step ResponseParser::Next(absl::Span<const uint8_t> bytes) {
  switch (state_) {
    case State::kHead:
      return ReadHead(bytes);
    case State::kLength:
      return ReadLength(bytes);
    case State::kChunked:
      return ReadChunked(bytes);
    case State::kUntilClose:
      if (bytes.empty()) return {};
      return {Event::kBody, bytes.size(), bytes};
    case State::kEnd:
      return {Event::kEnd, 0, {}};
    case State::kRefused:
      break;
  }
  return {Event::kRefused, 0, {}};
}

bool ResponseParser::FinishAtClose() {
  if (state_ == State::kUntilClose) {
    state_ = State::kEnd;
    ended_by_close_ = true;
  }
  return state_ == State::kEnd;
}

void ResponseParser::Reset(Method request_method) {
  reader_.Reset();
  chunked_.Reset();
  head_.Reset();
  state_ = State::kHead;
  request_method_ = request_method;
  body_left_ = 0;
  interim_count_ = 0;
  ended_by_close_ = false;
}

ResponseParser::Step ResponseParser::Refuse(size_t consumed) {
  state_ = State::kRefused;
  return {Event::kRefused, consumed, {}};
}

ResponseParser::Step ResponseParser::ReadHead(absl::Span<const uint8_t> bytes) {
  size_t consumed = 0;
  while (true) {
    const HeadReader::Step read = reader_.Take(bytes.subspan(consumed), head_);
    consumed += read.consumed;
    if (read.event == HeadReader::Event::kNeedMore) {
      return {Event::kNeedMore, consumed, {}};
    }
    if (read.event == HeadReader::Event::kFault || !ReadStatusLine()) {
      return Refuse(consumed);
    }
    if (read.event == HeadReader::Event::kFirstLine) continue;
    if (head_.status_ >= 200) break;
    if (!SkipInterim()) return Refuse(consumed);
  }
  if (!LengthsFitStatus()) return Refuse(consumed);
  state_ = StateForBody();
  body_left_ =
      state_ == State::kLength ? head_.content_length().value_or(0) : 0;
  return {Event::kHead, consumed, {}};
}

ResponseParser::Step ResponseParser::ReadLength(
    absl::Span<const uint8_t> bytes) {
  if (body_left_ == 0) {
    state_ = State::kEnd;
    return {Event::kEnd, 0, {}};
  }
  if (bytes.empty()) return {};
  const auto size =
      static_cast<size_t>(std::min<uint64_t>(body_left_, bytes.size()));
  body_left_ -= size;
  return {Event::kBody, size, bytes.first(size)};
}

ResponseParser::Step ResponseParser::ReadChunked(
    absl::Span<const uint8_t> bytes) {
  const ChunkedDecoder::Step step = chunked_.Next(bytes);
  switch (step.event) {
    case ChunkedDecoder::Event::kNeedMore:
      return {Event::kNeedMore, step.consumed, {}};
    case ChunkedDecoder::Event::kData:
      return {Event::kBody, step.consumed, step.data};
    case ChunkedDecoder::Event::kEnd:
      state_ = State::kEnd;
      return {Event::kEnd, step.consumed, {}};
    case ChunkedDecoder::Event::kBadFraming:
    case ChunkedDecoder::Event::kBadTrailer:
      break;
  }
  return Refuse(step.consumed);
}

// "HTTP/1.x SP 3DIGIT SP [reason]"; llhttp read the line too, but takes more.
bool ResponseParser::ReadStatusLine() {
  const absl::string_view line = reader_.first_line(head_);
  if (line.size() < 13 || !absl::StartsWith(line, "HTTP/1.") ||
      (line[7] != '0' && line[7] != '1') || line[8] != ' ' || line[12] != ' ') {
    return false;
  }
  if (!IsDigit(line[9]) || !IsDigit(line[10]) || !IsDigit(line[11])) {
    return false;
  }
  head_.status_ =
      (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  return head_.status_ >= 100 && head_.status_ <= 599;
}

// False for what is no interim response that may be skipped: we never ask to
// switch protocols, and one with a length hides a body from one of two readers.
bool ResponseParser::SkipInterim() {
  if (head_.status_ == 101 || ++interim_count_ > kMaxInterim ||
      head_.chunked() || head_.content_length().has_value()) {
    return false;
  }
  reader_.Reset();
  head_.Reset();
  return true;
}

// A 204 has no body, so nothing may say that it has (RFC 9112, 6.1 and 6.2).
bool ResponseParser::LengthsFitStatus() const {
  return head_.status_ != 204 ||
         (!head_.chunked() && head_.content_length().value_or(0) == 0);
}

ResponseParser::State ResponseParser::StateForBody() const {
  const bool bodiless = request_method_ == Method::kHead ||
                        head_.status_ == 204 || head_.status_ == 304;
  if (bodiless) return State::kEnd;
  if (head_.chunked()) return State::kChunked;
  if (head_.content_length().has_value()) return State::kLength;
  return State::kUntilClose;
}

}  // namespace holt::worker
