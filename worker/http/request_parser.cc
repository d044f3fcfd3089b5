#include "worker/http/request_parser.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "simdjson.h"
#include "worker/http/tokens.h"

namespace holt::worker {
namespace {

using Event = RequestParser::Step::Event;

// Where a second copy could mean something else to whoever reads the first.
constexpr absl::string_view kSingletons[] = {
    "authorization", "x-api-key", "content-type", "content-encoding", "expect"};

RefusalKind KindOf(HeadFault fault) {
  switch (fault) {
    case HeadFault::kLineEnds:
      return RefusalKind::kLineEnds;
    case HeadFault::kEmptyLines:
      return RefusalKind::kEmptyLines;
    case HeadFault::kLineTooLong:
      return RefusalKind::kRequestLineTooLong;
    case HeadFault::kFieldTooLarge:
      return RefusalKind::kFieldTooLarge;
    case HeadFault::kHeadTooLarge:
      return RefusalKind::kHeadTooLarge;
    case HeadFault::kTooManyFields:
      return RefusalKind::kTooManyFields;
    case HeadFault::kMalformedField:
      return RefusalKind::kMalformedField;
    case HeadFault::kContentLength:
      return RefusalKind::kContentLength;
    case HeadFault::kTransferEncoding:
      return RefusalKind::kTransferEncoding;
    case HeadFault::kRepeatedLength:
    case HeadFault::kAmbiguousLength:
      return RefusalKind::kAmbiguousLength;
    case HeadFault::kMalformedStart:
    case HeadFault::kNone:
      break;
  }
  return RefusalKind::kMalformedRequestLine;
}

bool IsTarget(absl::string_view target) {
  return !target.empty() &&
         std::all_of(target.begin(), target.end(),
                     [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
}

bool IsPort(absl::string_view port) {
  uint32_t number = 0;
  return !port.empty() && port.size() <= 5 &&
         std::all_of(port.begin(), port.end(),
                     [](char c) { return c >= '0' && c <= '9'; }) &&
         absl::SimpleAtoi(port, &number) && number <= 65535;
}

bool IsRegisteredName(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
           c == '.' || c == '_' || c == '~';
  });
}

bool IsAddressLiteral(absl::string_view text) {
  return text.size() >= 2 && std::all_of(text.begin(), text.end(), [](char c) {
           return HexDigit(static_cast<uint8_t>(c)) >= 0 || c == ':' ||
                  c == '.';
         });
}

// uri-host [":" port]. Of a name's characters only those that occur in host
// names: the rest of RFC 3986's reg-name (escapes, commas) has no honest use.
bool IsHost(absl::string_view host) {
  if (absl::ConsumePrefix(&host, "[")) {
    const size_t end = host.find(']');
    if (end == absl::string_view::npos) return false;
    const absl::string_view port = host.substr(end + 1);
    return IsAddressLiteral(host.substr(0, end)) &&
           (port.empty() || (port[0] == ':' && IsPort(port.substr(1))));
  }
  const size_t colon = host.find(':');
  return IsRegisteredName(host.substr(0, colon)) &&
         (colon == absl::string_view::npos || IsPort(host.substr(colon + 1)));
}

bool LooksLikeVersion(absl::string_view text) {
  return text.size() == 8 && absl::StartsWith(text, "HTTP/") &&
         absl::ascii_isdigit(static_cast<unsigned char>(text[5])) &&
         text[6] == '.' &&
         absl::ascii_isdigit(static_cast<unsigned char>(text[7]));
}

// Takes ".", plain or escaped, off the front.
bool ConsumeDot(absl::string_view& text) {
  return absl::ConsumePrefix(&text, ".") || absl::ConsumePrefix(&text, "%2e") ||
         absl::ConsumePrefix(&text, "%2E");
}

bool IsDotSegment(absl::string_view segment) {
  if (!ConsumeDot(segment)) return false;
  ConsumeDot(segment);
  return segment.empty();
}

// What some server behind us may take for a separator or an end.
bool HasTrick(absl::string_view segment) {
  for (size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] == '\\') return true;
    const absl::string_view escape = segment.substr(i, 3);
    if (absl::EqualsIgnoreCase(escape, "%2f") ||
        absl::EqualsIgnoreCase(escape, "%5c") || escape == "%00") {
      return true;
    }
  }
  return false;
}

}  // namespace

RequestParser::RequestParser(const HeadLimits& limits)
    : limits_(limits), reader_(HeadReader::Kind::kRequest, limits) {}

RequestParser::Step RequestParser::Next(absl::Span<const uint8_t> bytes) {
  switch (state_) {
    case State::kHead:
      return ReadHead(bytes);
    case State::kLength:
      return ReadLength(bytes);
    case State::kChunked:
      return ReadChunked(bytes);
    case State::kEnd:
      return {Event::kEnd, 0, {}};
    case State::kRefused:
      break;
  }
  return {Event::kRefused, 0, {}};
}

void RequestParser::Reset() {
  reader_.Reset();
  chunked_.Reset();
  head_.Reset();
  state_ = State::kHead;
  body_left_ = 0;
  body_size_ = 0;
}

RequestParser::Step RequestParser::Refuse(RefusalKind kind, size_t consumed) {
  refusal_ = MakeRefusal(kind);
  state_ = State::kRefused;
  return {Event::kRefused, consumed, {}};
}

RequestParser::Step RequestParser::ReadHead(absl::Span<const uint8_t> bytes) {
  size_t consumed = 0;
  while (true) {
    const HeadReader::Step read = reader_.Take(bytes.subspan(consumed), head_);
    consumed += read.consumed;
    if (read.event == HeadReader::Event::kNeedMore) {
      return {Event::kNeedMore, consumed, {}};
    }
    const std::optional<RefusalKind> refused = Judge(read);
    if (refused.has_value()) return Refuse(*refused, consumed);
    if (read.event == HeadReader::Event::kComplete) break;
  }
  body_left_ = head_.content_length().value_or(0);
  state_ = head_.chunked() ? State::kChunked : State::kLength;
  return {Event::kHead, consumed, {}};
}

RequestParser::Step RequestParser::ReadLength(absl::Span<const uint8_t> bytes) {
  if (body_left_ == 0) {
    state_ = State::kEnd;
    return {Event::kEnd, 0, {}};
  }
  if (bytes.empty()) return {};
  const auto size =
      static_cast<size_t>(std::min<uint64_t>(body_left_, bytes.size()));
  body_left_ -= size;
  body_size_ += size;
  return {Event::kBody, size, bytes.first(size)};
}

RequestParser::Step RequestParser::ReadChunked(
    absl::Span<const uint8_t> bytes) {
  const ChunkedDecoder::Step step = chunked_.Next(bytes);
  switch (step.event) {
    case ChunkedDecoder::Event::kNeedMore:
      return {Event::kNeedMore, step.consumed, {}};
    case ChunkedDecoder::Event::kData:
      body_size_ += step.data.size();
      return {Event::kBody, step.consumed, step.data};
    case ChunkedDecoder::Event::kEnd:
      state_ = State::kEnd;
      return {Event::kEnd, step.consumed, {}};
    case ChunkedDecoder::Event::kBadTrailer:
      return Refuse(RefusalKind::kTrailers, step.consumed);
    case ChunkedDecoder::Event::kBadFraming:
      break;
  }
  return Refuse(RefusalKind::kChunkedFraming, step.consumed);
}

std::optional<RefusalKind> RequestParser::Judge(const HeadReader::Step& read) {
  if (read.event == HeadReader::Event::kFault) return KindOf(read.fault);
  // The line is read as soon as it is there, so that nonsense gets its answer
  // at once, and again when the head is complete and its bytes lie still.
  const std::optional<RefusalKind> refused = ReadRequestLine();
  if (refused.has_value() || read.event == HeadReader::Event::kFirstLine) {
    return refused;
  }
  const std::optional<RefusalKind> bad_field = CheckFields();
  return bad_field.has_value() ? bad_field : SplitTarget();
}

std::optional<RefusalKind> RequestParser::ReadRequestLine() {
  const absl::string_view line = reader_.first_line(head_);
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == absl::string_view::npos || first == last) {
    return RefusalKind::kMalformedRequestLine;
  }
  const absl::string_view method = line.substr(0, first);
  const absl::string_view version = line.substr(last + 1);
  head_.target_ = line.substr(first + 1, last - first - 1);
  if (!IsToken(method) || !IsTarget(head_.target_) ||
      !LooksLikeVersion(version)) {
    return RefusalKind::kMalformedRequestLine;
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return RefusalKind::kUnsupportedVersion;
  }
  const std::optional<Method> known = MethodOf(method);
  if (!known.has_value()) return RefusalKind::kUnknownMethod;
  head_.method_ = *known;
  if (head_.target_.size() > limits_.target) return RefusalKind::kTargetTooLong;
  return std::nullopt;
}

std::optional<RefusalKind> RequestParser::SplitTarget() {
  absl::string_view rest = head_.target_;
  if (rest == "*") {
    head_.path_ = rest;
    return head_.method_ == Method::kOptions
               ? std::nullopt
               : std::optional(RefusalKind::kMalformedRequestLine);
  }
  if (rest.front() != '/') {
    const size_t scheme = rest.find("://");
    if (scheme == absl::string_view::npos ||
        !(absl::EqualsIgnoreCase(rest.substr(0, scheme), "http") ||
          absl::EqualsIgnoreCase(rest.substr(0, scheme), "https"))) {
      return RefusalKind::kMalformedRequestLine;
    }
    rest.remove_prefix(scheme + 3);
    const absl::string_view authority =
        rest.substr(0, rest.find_first_of("/?"));
    // User information never equals a valid Host.
    const std::optional<absl::string_view> host = head_.Find("host");
    if (!IsHost(authority) ||
        (host.has_value() && !absl::EqualsIgnoreCase(authority, *host))) {
      return RefusalKind::kAbsoluteForm;
    }
    rest.remove_prefix(authority.size());
  }
  const size_t question = rest.find('?');
  head_.path_ = rest.substr(0, question);
  if (head_.path_.empty()) head_.path_ = "/";
  head_.has_query_ = question != absl::string_view::npos;
  if (head_.has_query_) head_.query_ = rest.substr(question + 1);
  return std::nullopt;
}

std::optional<RefusalKind> RequestParser::CheckFields() {
  const size_t hosts = head_.Count("host");
  if (hosts > 1 || (hosts == 0 && head_.minor_version() == 1)) {
    return RefusalKind::kHost;
  }
  if (hosts == 1 && !IsHost(*head_.Find("host"))) return RefusalKind::kHost;
  for (const absl::string_view name : kSingletons) {
    if (head_.Count(name) > 1) return RefusalKind::kRepeatedField;
  }
  const auto coding = head_.Find("content-encoding");
  if (coding.has_value() && !absl::EqualsIgnoreCase(*coding, "identity")) {
    return RefusalKind::kContentEncoding;
  }
  const auto expect = head_.Find("expect");
  if (!expect.has_value()) return std::nullopt;
  if (!absl::EqualsIgnoreCase(*expect, "100-continue")) {
    return RefusalKind::kUnsupportedExpectation;
  }
  const bool has_body =
      head_.chunked() || head_.content_length().value_or(0) > 0;
  // A client of HTTP/1.0 would take 100 for its answer (RFC 9110, 10.1.1).
  head_.expect_continue_ = has_body && head_.minor_version() == 1;
  return std::nullopt;
}

bool IsPlainPath(absl::string_view path) {
  if (!absl::ConsumePrefix(&path, "/")) return false;
  while (true) {
    const size_t slash = path.find('/');
    const absl::string_view segment = path.substr(0, slash);
    if (HasTrick(segment) || IsDotSegment(segment)) return false;
    if (slash == absl::string_view::npos) return true;
    if (segment.empty()) return false;
    path.remove_prefix(slash + 1);
  }
}

bool DecodeSegment(absl::string_view segment, std::string* decoded) {
  decoded->clear();
  for (size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      decoded->push_back(segment[i]);
      continue;
    }
    if (segment.size() - i < 3) return false;
    const int high = HexDigit(static_cast<uint8_t>(segment[i + 1]));
    const int low = HexDigit(static_cast<uint8_t>(segment[i + 2]));
    if (high < 0 || low < 0 || (high | low) == 0) return false;
    decoded->push_back(static_cast<char>(high << 4 | low));
    i += 2;
  }
  return simdjson::validate_utf8(decoded->data(), decoded->size());
}

}  // namespace holt::worker
