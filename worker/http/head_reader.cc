#include "worker/http/head_reader.h"

#include <llhttp.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "worker/http/tokens.h"

namespace holt::worker {
namespace {

// More would not fit a signed 64-bit number.
constexpr size_t kMaxLengthDigits = 18;

// Servers that turn "_" and "." into "-" would take such a field for the one
// that frames the body, so it is not let in (nobody honest sends one).
bool MimicsFraming(absl::string_view name) {
  for (const absl::string_view framing :
       {"content-length", "transfer-encoding"}) {
    if (name.size() != framing.size()) continue;
    const std::string plain =
        absl::StrReplaceAll(name, {{"_", "-"}, {".", "-"}});
    if (plain != name && absl::EqualsIgnoreCase(plain, framing)) return true;
  }
  return false;
}

// What llhttp's callbacks fill while it runs over one head.
struct FieldSink {
  std::vector<Field>* fields;
  Field field;
};

FieldSink& SinkOf(llhttp_t* parser) {
  return *static_cast<FieldSink*>(parser->data);
}

// A span comes in one piece, since llhttp gets the head in one piece.
int OnName(llhttp_t* parser, const char* text, size_t size) {
  SinkOf(parser).field.name = absl::string_view(text, size);
  return HPE_OK;
}

int OnValue(llhttp_t* parser, const char* text, size_t size) {
  SinkOf(parser).field.value = TrimBlanks(absl::string_view(text, size));
  return HPE_OK;
}

int OnFieldComplete(llhttp_t* parser) {
  FieldSink& sink = SinkOf(parser);
  sink.fields->push_back(sink.field);
  sink.field = Field();
  return HPE_OK;
}

// Bodies are not llhttp's: it stops here.
int OnHeadComplete(llhttp_t*) { return HPE_PAUSED; }

const llhttp_settings_t& Settings() {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_header_field = OnName;
    made.on_header_value = OnValue;
    made.on_header_value_complete = OnFieldComplete;
    made.on_headers_complete = OnHeadComplete;
    return made;
  }();
  return settings;
}

HeadFault FaultOf(const llhttp_t& parser, const char* first_field) {
  switch (llhttp_get_errno(&parser)) {
    case HPE_INVALID_CONTENT_LENGTH:
      return HeadFault::kContentLength;
    case HPE_UNEXPECTED_CONTENT_LENGTH:
      return HeadFault::kAmbiguousLength;
    case HPE_INVALID_TRANSFER_ENCODING:
      return HeadFault::kTransferEncoding;
    default:
      return llhttp_get_error_pos(&parser) < first_field
                 ? HeadFault::kMalformedStart
                 : HeadFault::kMalformedField;
  }
}

bool ParseLength(absl::string_view text, uint64_t& length) {
  if (text.empty() || text.size() > kMaxLengthDigits) return false;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return absl::SimpleAtoi(text, &length);
}

}  // namespace

HeadReader::Step HeadReader::Take(absl::Span<const uint8_t> bytes,
                                  MessageHead& head) {
  Step step;
  size_t kept_from = 0;
  const bool first_line_known = lines_ > 0;
  while (step.consumed < bytes.size() && !complete_ &&
         (first_line_known || lines_ == 0)) {
    step.fault = TakeByte(bytes[step.consumed++]);
    if (step.fault != HeadFault::kNone) break;
    if (lines_ == 0 && place_ == Place::kLineStart) {
      // An empty line before the head: nothing of it is kept.
      kept_from = step.consumed;
      head.bytes_.Clear();
    }
  }
  head.bytes_.Append(bytes.subspan(kept_from, step.consumed - kept_from));
  if (complete_) step.fault = Finish(head);
  if (step.fault != HeadFault::kNone) {
    step.event = Event::kFault;
  } else if (complete_) {
    step.event = Event::kComplete;
  } else if (!first_line_known && lines_ > 0) {
    step.event = Event::kFirstLine;
  }
  return step;
}

absl::string_view HeadReader::first_line(const MessageHead& head) const {
  return head.bytes_.view().substr(0, first_line_size_);
}

void HeadReader::Reset() { *this = HeadReader(kind_, limits_); }

HeadFault HeadReader::TakeByte(uint8_t byte) {
  ++line_size_;
  switch (place_) {
    case Place::kLineStart:
      // A fold continues the line before, which RFC 9112 has done away with; a
      // blank before the first line is noise.
      if (byte == ' ' || byte == '\t') {
        return lines_ == 0 ? HeadFault::kMalformedStart
                           : HeadFault::kMalformedField;
      }
      place_ = Place::kInLine;
      [[fallthrough]];
    case Place::kInLine:
      if (byte == '\r') {
        place_ = Place::kAfterCr;
        return HeadFault::kNone;
      }
      if (byte == '\n' || byte == 0) return HeadFault::kLineEnds;
      if (!IsFieldByte(byte)) return HeadFault::kMalformedField;
      started_ = true;
      return CheckSizes();
    case Place::kAfterCr:
      return byte == '\n' ? EndLine() : HeadFault::kLineEnds;
  }
  return HeadFault::kLineEnds;
}

HeadFault HeadReader::EndLine() {
  const bool empty = line_size_ == 2;
  place_ = Place::kLineStart;
  if (empty && lines_ > 0) {
    complete_ = true;
    return HeadFault::kNone;
  }
  if (empty) {
    line_size_ = 0;
    const bool tolerated = kind_ == Kind::kRequest && ++empty_lines_ == 1;
    return tolerated ? HeadFault::kNone : HeadFault::kEmptyLines;
  }
  const HeadFault fault = CheckSizes();
  if (lines_++ == 0) {
    first_line_size_ = line_size_ - 2;
  } else {
    fields_size_ += line_size_;
  }
  line_size_ = 0;
  return fault;
}

// Of the line under way, so that nothing larger is ever kept.
HeadFault HeadReader::CheckSizes() const {
  if (lines_ == 0) {
    return line_size_ > limits_.line ? HeadFault::kLineTooLong
                                     : HeadFault::kNone;
  }
  if (lines_ > limits_.count) return HeadFault::kTooManyFields;
  if (line_size_ > limits_.field) return HeadFault::kFieldTooLarge;
  if (fields_size_ + line_size_ > limits_.fields) {
    return HeadFault::kHeadTooLarge;
  }
  return HeadFault::kNone;
}

HeadFault HeadReader::Finish(MessageHead& head) {
  const HeadFault fault = Parse(head.bytes_.view(), head);
  return fault != HeadFault::kNone ? fault : ReadLengths(head);
}

HeadFault HeadReader::Parse(absl::string_view text, MessageHead& head) const {
  FieldSink sink{&head.fields_, {}};
  llhttp_t parser;
  llhttp_init(&parser, kind_ == Kind::kRequest ? HTTP_REQUEST : HTTP_RESPONSE,
              &Settings());
  parser.data = &sink;
  const llhttp_errno_t result =
      llhttp_execute(&parser, text.data(), text.size());
  const bool whole = result == HPE_PAUSED &&
                     llhttp_get_error_pos(&parser) == text.data() + text.size();
  // Every line that was counted here must be a field to llhttp, and no other.
  if (whole && head.fields_.size() == lines_ - 1) {
    head.minor_version_ = llhttp_get_http_minor(&parser);
    return HeadFault::kNone;
  }
  return FaultOf(parser, text.data() + first_line_size_);
}

HeadFault HeadReader::ReadLengths(MessageHead& head) {
  for (const Field& field : head.fields_) {
    if (MimicsFraming(field.name)) return HeadFault::kMalformedField;
  }
  const size_t lengths = head.Count("content-length");
  const size_t codings = head.Count("transfer-encoding");
  if (lengths > 0 && codings > 0) return HeadFault::kAmbiguousLength;
  if (lengths > 1) return HeadFault::kRepeatedLength;
  if (lengths == 1) {
    uint64_t length = 0;
    if (!ParseLength(*head.Find("content-length"), length)) {
      return HeadFault::kContentLength;
    }
    head.content_length_ = length;
  }
  if (codings > 0) {
    // HTTP/1.0 knows no codings: whoever sends one is not what he says he is.
    if (codings > 1 || head.minor_version_ == 0 ||
        !absl::EqualsIgnoreCase(*head.Find("transfer-encoding"), "chunked")) {
      return HeadFault::kTransferEncoding;
    }
    head.chunked_ = true;
  }
  head.keep_alive_ =
      !head.IsConnectionOption("close") &&
      (head.minor_version_ == 1 || head.IsConnectionOption("keep-alive"));
  return HeadFault::kNone;
}

}  // namespace holt::worker
