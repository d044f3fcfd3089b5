#include "worker/http/response_writer.h"

#include <charconv>
#include <string>

#include "absl/strings/str_cat.h"
#include "worker/http/tokens.h"

namespace holt::worker {
namespace {

constexpr size_t kMaxAskedHeaders = 1024;
constexpr uint64_t kLongestRetryAfter = 60;  // seconds

constexpr absl::string_view kSecurityFields =
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "X-XSS-Protection: 1; mode=block\r\n"
    "Referrer-Policy: strict-origin-when-cross-origin\r\n"
    "Permissions-Policy: geolocation=(), microphone=(), camera=()\r\n";
constexpr absl::string_view kTransportSecurity =
    "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n";
constexpr absl::string_view kCorsFields =
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Expose-Headers: x-request-id, retry-after, "
    "retry-after-ms, x-should-retry, x-ratelimit-limit-requests, "
    "x-ratelimit-limit-tokens, x-ratelimit-remaining-requests, "
    "x-ratelimit-remaining-tokens, x-ratelimit-reset-requests, "
    "x-ratelimit-reset-tokens, openai-processing-ms\r\n";

// The fields of one head.
class FieldWriter {
 public:
  explicit FieldWriter(ChunkBuffer& out) : out_(out) {}

  void Text(absl::string_view name, absl::string_view value) {
    out_.Append(name);
    out_.Append(": ");
    out_.Append(value);
    out_.Append("\r\n");
  }
  void Number(absl::string_view name, uint64_t value) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
    Text(name, absl::string_view(digits, static_cast<size_t>(end - digits)));
  }
  void Lines(absl::string_view lines) { out_.Append(lines); }

 private:
  ChunkBuffer& out_;
};

// IMF-fixdate of a second, made once per second: the worker is one thread.
absl::string_view DateText(absl::Time now) {
  thread_local int64_t made_for = -1;
  thread_local std::string text;
  const int64_t second = absl::ToUnixSeconds(now);
  if (second != made_for) {
    text =
        absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", now, absl::UTCTimeZone());
    made_for = second;
  }
  return text;
}

void WriteWindow(FieldWriter& fields, absl::string_view unit,
                 const std::optional<RateWindow>& window) {
  if (!window.has_value()) return;
  fields.Number(absl::StrCat("x-ratelimit-limit-", unit), window->limit);
  fields.Number(absl::StrCat("x-ratelimit-remaining-", unit),
                window->remaining);
  fields.Text(absl::StrCat("x-ratelimit-reset-", unit),
              FormatDuration(window->reset_milliseconds));
}

void WriteRate(FieldWriter& fields, const ResponseContext& context) {
  WriteWindow(fields, "requests", context.rate.requests);
  WriteWindow(fields, "tokens", context.rate.tokens);
  const std::optional<RateWindow>& earlier = context.rate.earlier;
  if (!earlier.has_value()) return;
  fields.Number("X-RateLimit-Limit", earlier->limit);
  fields.Number("X-RateLimit-Remaining", earlier->remaining);
  const absl::Time reset =
      context.now +
      absl::Milliseconds(static_cast<int64_t>(earlier->reset_milliseconds));
  fields.Number("X-RateLimit-Reset", static_cast<uint64_t>(absl::ToUnixSeconds(
                                         reset + absl::Milliseconds(999))));
}

// Whole seconds for everybody, milliseconds for those who read them. A wait
// that is too long to sleep through is told together with "do not".
void WriteRetry(FieldWriter& fields, const RetryAdvice& retry) {
  std::optional<bool> should_retry = retry.should_retry;
  if (retry.after_milliseconds > 0) {
    const uint64_t seconds = (retry.after_milliseconds + 999) / 1000;
    fields.Number("Retry-After", seconds);
    fields.Number("retry-after-ms", retry.after_milliseconds);
    if (seconds > kLongestRetryAfter) should_retry = false;
  }
  if (should_retry.has_value()) {
    fields.Text("x-should-retry", *should_retry ? "true" : "false");
  }
}

void WriteConnection(FieldWriter& fields, const ResponseContext& context) {
  if (context.keep_alive) {
    fields.Lines("Connection: keep-alive\r\nKeep-Alive: timeout=60\r\n");
  } else {
    fields.Lines("Connection: close\r\n");
  }
}

void WriteFraming(FieldWriter& fields, const ResponseHeadOptions& options) {
  switch (options.framing) {
    case BodyFraming::kLength:
      fields.Number("Content-Length", options.content_length);
      return;
    case BodyFraming::kChunked:
      fields.Lines("Transfer-Encoding: chunked\r\n");
      return;
    case BodyFraming::kUntilClose:
    case BodyFraming::kNone:
      return;
  }
}

void WriteStatusLine(FieldWriter& fields, int status) {
  char digits[3];
  for (int i = 2; i >= 0; --i) {
    digits[i] = static_cast<char>('0' + status % 10);
    status /= 10;
  }
  const absl::string_view number(digits, sizeof(digits));
  fields.Lines("HTTP/1.1 ");
  fields.Lines(number);
}

// The fields that every response has, whatever it is.
void WriteCommon(FieldWriter& fields, const ResponseContext& context) {
  fields.Text("Date", DateText(context.now));
  fields.Text("x-request-id", context.request_id);
  fields.Lines(kSecurityFields);
  if (context.tls) fields.Lines(kTransportSecurity);
  if (context.cors) fields.Lines(kCorsFields);
  if (context.processing_milliseconds.has_value()) {
    fields.Number("openai-processing-ms",
                  static_cast<uint64_t>(*context.processing_milliseconds));
  }
  WriteRate(fields, context);
  WriteRetry(fields, context.retry);
  WriteConnection(fields, context);
}

std::string ErrorObject(const Refusal& refusal) {
  // No text of ours needs an escape (refusal_test holds them to it).
  const std::string param = refusal.param == nullptr
                                ? "null"
                                : absl::StrCat("\"", refusal.param, "\"");
  return absl::StrCat(R"({"error":{"message":")", refusal.message.view(),
                      R"(","type":")", NameOf(refusal.type), R"(","param":)",
                      param, R"(,"code":")", NameOf(refusal.code), R"("}})");
}

bool IsTokenList(absl::string_view list) {
  absl::string_view element;
  bool any = false;
  while (NextListElement(list, element)) {
    if (!IsToken(element)) return false;
    any = true;
  }
  return any;
}

void AppendChunkSize(ChunkBuffer& out, size_t size) {
  char text[18];
  char* end = std::to_chars(text, text + 16, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.Append(absl::string_view(text, static_cast<size_t>(end - text)));
}

}  // namespace

absl::string_view ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

void WriteHead(ChunkBuffer& out, const ResponseContext& context,
               const ResponseHeadOptions& options) {
  FieldWriter fields(out);
  WriteStatusLine(fields, options.status);
  fields.Lines(" ");
  fields.Lines(ReasonOf(options.status));
  fields.Lines("\r\n");
  if (!options.content_type.empty()) {
    fields.Text("Content-Type", options.content_type);
  }
  WriteFraming(fields, options);
  fields.Text("Cache-Control", options.event_stream
                                   ? "no-store, no-cache, no-transform"
                                   : "no-store");
  if (options.event_stream) fields.Text("x-accel-buffering", "no");
  for (const Field& field : options.passed_on) {
    fields.Text(field.name, field.value);
  }
  WriteCommon(fields, context);
  fields.Lines("\r\n");
}

void AppendChunk(ChunkBuffer& out, absl::Span<const uint8_t> data) {
  if (data.empty()) return;
  AppendChunkSize(out, data.size());
  out.Append(data);
  out.Append("\r\n");
}

void AppendChunk(ChunkBuffer& out, ChunkBuffer& data) {
  if (data.empty()) return;
  AppendChunkSize(out, data.size());
  out.MoveAllFrom(data);
  out.Append("\r\n");
}

void AppendLastChunk(ChunkBuffer& out) { out.Append("0\r\n\r\n"); }

void WriteContinue(ChunkBuffer& out) {
  out.Append("HTTP/1.1 100 Continue\r\n\r\n");
}

void AppendErrorObject(ChunkBuffer& out, const Refusal& refusal) {
  out.Append(ErrorObject(refusal));
}

void WriteError(ChunkBuffer& out, const Refusal& refusal,
                const ResponseContext& context, absl::string_view allow) {
  ResponseContext closing = context;
  closing.keep_alive = context.keep_alive && !refusal.close;
  closing.retry = refusal.retry;
  const std::string body = ErrorObject(refusal);
  ResponseHeadOptions options;
  options.status = refusal.status;
  options.content_type = "application/json";
  options.content_length = body.size();
  // One of the two statuses that ask for a field of their own, if any.
  Field extra;
  if (refusal.status == 401) extra = {"WWW-Authenticate", "Bearer"};
  if (!allow.empty()) extra = {"Allow", allow};
  if (!extra.name.empty()) options.passed_on = absl::MakeConstSpan(&extra, 1);
  WriteHead(out, closing, options);
  if (!context.head_only) out.Append(body);
}

void WriteJson(ChunkBuffer& out, int status, absl::string_view json,
               const ResponseContext& context) {
  ResponseHeadOptions options;
  options.status = status;
  options.content_type = "application/json";
  options.content_length = json.size();
  WriteHead(out, context, options);
  if (!context.head_only) out.Append(json);
}

void WritePreflight(ChunkBuffer& out, absl::string_view asked_headers,
                    const ResponseContext& context) {
  const Field fields[] = {
      {"Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS"},
      {"Access-Control-Max-Age", "7200"},
      {"Vary", "Origin, Access-Control-Request-Headers"},
      {"Access-Control-Allow-Headers", asked_headers},
  };
  const bool echo =
      asked_headers.size() <= kMaxAskedHeaders && IsTokenList(asked_headers);
  ResponseContext with_cors = context;
  with_cors.cors = true;
  ResponseHeadOptions options;
  options.status = 204;
  options.framing = BodyFraming::kNone;
  options.passed_on = absl::MakeConstSpan(fields, echo ? 4 : 3);
  WriteHead(out, with_cors, options);
}

std::string FormatDuration(uint64_t milliseconds) {
  if (milliseconds > 0 && milliseconds < 1000) {
    return absl::StrCat(milliseconds, "ms");
  }
  const uint64_t hours = milliseconds / 3'600'000;
  const uint64_t minutes = milliseconds / 60'000 % 60;
  const uint64_t rest = milliseconds % 60'000;
  std::string text;
  if (hours > 0) absl::StrAppend(&text, hours, "h");
  if (milliseconds >= 60'000) absl::StrAppend(&text, minutes, "m");
  absl::StrAppend(&text, rest / 1000);
  if (rest % 1000 != 0) {
    absl::StrAppend(&text, ".", absl::Dec(rest % 1000, absl::kZeroPad3));
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + "s";
}

}  // namespace holt::worker
