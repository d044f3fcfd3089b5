#include "worker/http/refusal.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "common/base/check.h"

namespace holt::worker {
namespace {

using enum ErrorCode;

// SDKs sleep through any wait they are told; above this they are told not to.
constexpr uint64_t kLongestWait = 60'000;
constexpr uint64_t kShortWait = 1'000;
constexpr uint64_t kRestartWait = 5'000;

enum class After : uint8_t { kGoOn, kClose };
enum class Retry : uint8_t { kUnsaid, kNever, kSoon, kLater };

struct Row {
  RefusalKind kind;
  int status;
  ErrorType type;
  ErrorCode code;
  After after;
  Retry retry;
  const char* param;
  absl::string_view text;
};

constexpr ErrorType kInvalid = ErrorType::kInvalidRequest;
constexpr ErrorType kServer = ErrorType::kServerError;

constexpr Row Framing(RefusalKind kind, int status, ErrorCode code,
                      absl::string_view text) {
  return {kind,          status,         kInvalid, code,
          After::kClose, Retry::kUnsaid, nullptr,  text};
}

constexpr Row Body(RefusalKind kind, ErrorCode code, const char* param,
                   absl::string_view text) {
  return {kind, 400, kInvalid, code, After::kGoOn, Retry::kUnsaid, param, text};
}

constexpr Row Caller(RefusalKind kind, int status, ErrorCode code,
                     absl::string_view text) {
  return {kind,         status,         kInvalid, code,
          After::kGoOn, Retry::kUnsaid, nullptr,  text};
}

constexpr Row Server(RefusalKind kind, int status, ErrorCode code, Retry retry,
                     absl::string_view text) {
  return {kind, status, kServer, code, After::kGoOn, retry, nullptr, text};
}

// In the order of RefusalKind; MakeRefusal checks it.
constexpr Row kRows[] = {
    Framing(RefusalKind::kMalformedRequestLine, 400, kBadRequest,
            "The request line is malformed."),
    Framing(RefusalKind::kUnsupportedVersion, 505, kBadRequest,
            "This service speaks HTTP/1.1."),
    Framing(RefusalKind::kMalformedField, 400, kBadRequest,
            "A header line is malformed."),
    Framing(RefusalKind::kLineEnds, 400, kBadRequest,
            "Lines of a request must end with CR LF and hold no NUL."),
    Framing(RefusalKind::kHost, 400, kBadRequest,
            "The request needs exactly one valid Host header."),
    Framing(RefusalKind::kAbsoluteForm, 400, kBadRequest,
            "The request's URL does not match its Host header."),
    Framing(RefusalKind::kContentLength, 400, kBadRequest,
            "The Content-Length header is malformed."),
    Framing(RefusalKind::kTransferEncoding, 400, kBadRequest,
            "The only supported Transfer-Encoding is chunked, once, in "
            "HTTP/1.1."),
    Framing(RefusalKind::kAmbiguousLength, 400, kBadRequest,
            "The length of the request body is ambiguous."),
    Framing(RefusalKind::kRepeatedField, 400, kBadRequest,
            "A header that may appear once appears more than once."),
    Framing(RefusalKind::kChunkedFraming, 400, kBadRequest,
            "The chunked request body is malformed."),
    Framing(RefusalKind::kTrailers, 400, kBadRequest,
            "The trailer section of the request is malformed or too large."),
    Framing(RefusalKind::kEmptyLines, 400, kBadRequest,
            "There are empty lines before the request."),
    Framing(RefusalKind::kUnknownMethod, 405, kMethodNotAllowed,
            "Not allowed: this service does not know the request's method."),
    Framing(RefusalKind::kUnsupportedExpectation, 417, kExpectationFailed,
            "The only supported Expect header is 100-continue."),
    Framing(RefusalKind::kContentEncoding, 415, kUnsupportedMediaType,
            "Encoded request bodies are not supported. Send the body without "
            "Content-Encoding."),
    Framing(RefusalKind::kRequestLineTooLong, 414, kUriTooLong,
            "The request line is too long."),
    Framing(RefusalKind::kTargetTooLong, 414, kUriTooLong,
            "The request URL is too long."),
    Framing(RefusalKind::kFieldTooLarge, 431, kHeadersTooLarge,
            "A request header is too large."),
    Framing(RefusalKind::kHeadTooLarge, 431, kHeadersTooLarge,
            "The request headers are too large."),
    Framing(RefusalKind::kTooManyFields, 431, kHeadersTooLarge,
            "There are too many request headers."),
    Framing(RefusalKind::kHeadTimeout, 408, kRequestTimeout,
            "The request headers did not arrive in time."),
    Framing(RefusalKind::kBodyTimeout, 408, kRequestTimeout,
            "The request body did not arrive in time."),
    Body(RefusalKind::kBadPathEscape, kBadRequest, nullptr,
         "The request path has a malformed percent escape."),
    Caller(RefusalKind::kUnsupportedMediaType, 415, kUnsupportedMediaType,
           "Unsupported content type. Set the header Content-Type: "
           "application/json."),
    Body(RefusalKind::kInvalidJson, kInvalidJson, nullptr,
         "We could not parse the JSON body of your request. The API expects a "
         "JSON payload."),
    Body(RefusalKind::kJsonNotObject, kInvalidJson, nullptr,
         "The JSON body of your request must be an object."),
    Body(RefusalKind::kJsonTooDeep, kInvalidJson, nullptr,
         "The JSON body of your request is nested too deeply."),
    Body(RefusalKind::kJsonTooManyKeys, kInvalidJson, nullptr,
         "The JSON body of your request has too many parameters."),
    Body(RefusalKind::kJsonDuplicateModel, kInvalidJson, "model",
         "Duplicate parameter: 'model'."),
    Body(RefusalKind::kJsonDuplicateStream, kInvalidJson, "stream",
         "Duplicate parameter: 'stream'."),
    Body(RefusalKind::kJsonDuplicateStreamOptions, kInvalidJson,
         "stream_options", "Duplicate parameter: 'stream_options'."),
    Body(RefusalKind::kJsonDuplicateMessages, kInvalidJson, "messages",
         "Duplicate parameter: 'messages'."),
    Body(RefusalKind::kJsonDuplicateInput, kInvalidJson, "input",
         "Duplicate parameter: 'input'."),
    Body(RefusalKind::kModelMissing, kMissingRequiredParameter, "model",
         "Missing required parameter: 'model'."),
    Body(RefusalKind::kModelNotString, kInvalidType, "model",
         "Invalid type for 'model': expected a string."),
    Body(RefusalKind::kModelTooLong, kInvalidValue, "model",
         "Invalid 'model': the name is too long or holds control characters."),
    Body(RefusalKind::kStreamNotBoolean, kInvalidType, "stream",
         "Invalid type for 'stream': expected a boolean."),
    Body(RefusalKind::kStreamOptionsNotObject, kInvalidType, "stream_options",
         "Invalid type for 'stream_options': expected an object."),
    Body(RefusalKind::kIncludeUsageNotBoolean, kInvalidType,
         "stream_options.include_usage",
         "Invalid type for 'stream_options.include_usage': expected a "
         "boolean."),
    Body(RefusalKind::kIncludeUsageTwice, kInvalidJson,
         "stream_options.include_usage",
         "Duplicate parameter: 'stream_options.include_usage'."),
    Framing(RefusalKind::kMalformedMultipart, 400, kBadRequest,
            "The multipart/form-data body is malformed."),
    Caller(RefusalKind::kMissingKey, 401, kInvalidApiKey,
           "Missing API key. Use Authorization: Bearer <key> or X-API-Key "
           "header"),
    Caller(RefusalKind::kInvalidKey, 401, kInvalidApiKey,
           "Invalid or expired API key"),
    Caller(RefusalKind::kExpiredKey, 401, kInvalidApiKey,
           "Invalid or expired API key: this key has expired."),
    Caller(RefusalKind::kTwoCredentials, 400, kBadRequest,
           "The request has two API keys that differ. Send one."),
    Caller(RefusalKind::kHttpsRequired, 403, kHttpsRequired,
           "HTTPS required. Please use a secure connection."),
    Caller(RefusalKind::kNotAllowed, 403, kNotAllowed,
           "This API key may not be used for this request."),
    Caller(RefusalKind::kModelNotFound, 404, kModelNotFound,
           "The model does not exist or you do not have access to it. GET "
           "/v1/models lists the models you may use."),
    Server(RefusalKind::kInternal, 500, kInternalError, Retry::kUnsaid,
           "The server had an error while processing your request."),
    Server(RefusalKind::kUpstreamUnreachable, 502, kUpstreamError,
           Retry::kUnsaid,
           "Proxy error: the inference service could not be reached. Please "
           "try again."),
    Server(RefusalKind::kUpstreamFailed, 502, kUpstreamError, Retry::kNever,
           "Proxy error: the inference service failed while it worked on the "
           "request."),
    Server(RefusalKind::kUpstreamTimeout, 504, kUpstreamTimeout, Retry::kNever,
           "Upstream timeout: the inference service took too long to answer."),
    {RefusalKind::kUpstreamRateLimited, 429, ErrorType::kRequests,
     kRateLimitExceeded, After::kGoOn, Retry::kLater, nullptr,
     "The inference service has reached its own rate limit; the limits of "
     "your API key are not used up. Please try again in 5s."},
    {RefusalKind::kUpstreamNotVerified, 503,
     ErrorType::kUpstreamVerificationFailed,
     ErrorCode::kUpstreamVerificationFailed, After::kGoOn, Retry::kNever,
     nullptr,
     "The inference service could not be verified. Nothing was sent to it."},
    Server(RefusalKind::kOverloaded, 503, kOverloaded, Retry::kSoon,
           "The server is overloaded. Please try again in 1s."),
    Server(RefusalKind::kDraining, 503, kUnavailable, Retry::kSoon,
           "The server is restarting. Please try again in 1s."),
    Server(RefusalKind::kJournalFull, 503, kUnavailable, Retry::kLater,
           "The server cannot account for requests at the moment. Please try "
           "again in 5s."),
    Server(RefusalKind::kKeyTableStale, 503, kUnavailable, Retry::kLater,
           "The server cannot check API keys at the moment. Please try again "
           "in 5s."),
};

RetryAdvice AdviceOf(Retry retry) {
  switch (retry) {
    case Retry::kUnsaid:
      return {};
    case Retry::kNever:
      return {0, false};
    case Retry::kSoon:
      return {kShortWait, std::nullopt};
    case Retry::kLater:
      return {kRestartWait, std::nullopt};
  }
  return {};
}

Refusal RateLimited(ErrorType type, uint64_t retry_after) {
  Refusal refusal;
  refusal.status = 429;
  refusal.type = type;
  refusal.code = kRateLimitExceeded;
  refusal.retry.after_milliseconds = std::max<uint64_t>(retry_after, 1);
  if (retry_after > kLongestWait) refusal.retry.should_retry = false;
  return refusal;
}

void AppendTryAgain(RefusalText& text, uint64_t retry_after) {
  text.Literal(" Please try again in ").Seconds(retry_after).Literal(".");
}

void AppendTokens(RefusalText& text, const TokenLimit& tokens) {
  text.Literal("Limit ").Number(tokens.limit);
  if (tokens.used > 0) text.Literal(", Used ").Number(tokens.used);
  text.Literal(", Requested ").Number(tokens.requested).Literal(".");
}

// What clients are given as a base URL ends in /v1; each of these may be asked
// for without it.
constexpr absl::string_view kEndpoints[] = {
    "/v1/chat/completions",   "/v1/completions",
    "/v1/embeddings",         "/v1/models",
    "/v1/responses",          "/v1/audio/transcriptions",
    "/v1/audio/translations", "/v1/audio/speech"};
constexpr size_t kVersionPrefix = 3;  // "/v1"

// "/v1/x/x" or "/v1/x/v1/x": the base URL already had the endpoint in it.
bool IsDoubled(absl::string_view path, absl::string_view endpoint) {
  if (path.substr(0, endpoint.size()) != endpoint) return false;
  const absl::string_view rest = path.substr(endpoint.size());
  for (const absl::string_view other : kEndpoints) {
    if (rest == other || rest == other.substr(kVersionPrefix)) return true;
  }
  return false;
}

}  // namespace

absl::string_view NameOf(ErrorType type) {
  switch (type) {
    case ErrorType::kInvalidRequest:
      return "invalid_request_error";
    case ErrorType::kRequests:
      return "requests";
    case ErrorType::kTokens:
      return "tokens";
    case ErrorType::kInsufficientQuota:
      return "insufficient_quota";
    case ErrorType::kServerError:
      return "server_error";
    case ErrorType::kUpstreamVerificationFailed:
      return "upstream_verification_failed";
  }
  return "server_error";
}

absl::string_view NameOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kBadRequest:
      return "bad_request";
    case ErrorCode::kInvalidJson:
      return "invalid_json";
    case ErrorCode::kMissingRequiredParameter:
      return "missing_required_parameter";
    case ErrorCode::kInvalidType:
      return "invalid_type";
    case ErrorCode::kInvalidValue:
      return "invalid_value";
    case ErrorCode::kInvalidApiKey:
      return "invalid_api_key";
    case ErrorCode::kHttpsRequired:
      return "https_required";
    case ErrorCode::kNotAllowed:
      return "not_allowed";
    case ErrorCode::kUnknownUrl:
      return "unknown_url";
    case ErrorCode::kModelNotFound:
      return "model_not_found";
    case ErrorCode::kMethodNotAllowed:
      return "method_not_allowed";
    case ErrorCode::kRequestTimeout:
      return "request_timeout";
    case ErrorCode::kRequestTooLarge:
      return "request_too_large";
    case ErrorCode::kUriTooLong:
      return "uri_too_long";
    case ErrorCode::kUnsupportedMediaType:
      return "unsupported_media_type";
    case ErrorCode::kExpectationFailed:
      return "expectation_failed";
    case ErrorCode::kHeadersTooLarge:
      return "headers_too_large";
    case ErrorCode::kRateLimitExceeded:
      return "rate_limit_exceeded";
    case ErrorCode::kInsufficientQuota:
      return "insufficient_quota";
    case ErrorCode::kInternalError:
      return "internal_error";
    case ErrorCode::kUpstreamError:
      return "upstream_error";
    case ErrorCode::kUpstreamVerificationFailed:
      return "upstream_verification_failed";
    case ErrorCode::kOverloaded:
      return "overloaded";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kUpstreamTimeout:
      return "upstream_timeout";
  }
  return "internal_error";
}

RefusalText& RefusalText::Number(uint64_t value) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  return Append(absl::string_view(digits, static_cast<size_t>(end - digits)));
}

RefusalText& RefusalText::Seconds(uint64_t milliseconds) {
  const uint64_t seconds = std::max<uint64_t>((milliseconds + 999) / 1000, 1);
  const uint64_t hours = seconds / 3600;
  const uint64_t minutes = seconds / 60 % 60;
  if (hours > 0) Number(hours).Literal("h");
  if (seconds >= 60) Number(minutes).Literal("m");
  return Number(seconds % 60).Literal("s");
}

RefusalText& RefusalText::Append(absl::string_view text) {
  const size_t size = std::min(text.size(), text_.size() - size_);
  std::memcpy(text_.data() + size_, text.data(), size);
  size_ += size;
  return *this;
}

Refusal MakeRefusal(RefusalKind kind) {
  const Row& row = kRows[static_cast<size_t>(kind)];
  HOLT_CHECK(row.kind == kind);
  Refusal refusal;
  refusal.status = row.status;
  refusal.type = row.type;
  refusal.code = row.code;
  refusal.message.Append(row.text);
  refusal.param = row.param;
  refusal.close = row.after == After::kClose;
  refusal.retry = AdviceOf(row.retry);
  return refusal;
}

Refusal UnknownUrl(Method method, absl::string_view path) {
  Refusal refusal;
  refusal.status = 404;
  refusal.type = kInvalid;
  refusal.code = kUnknownUrl;
  refusal.message.Literal("Unknown request URL");
  for (const absl::string_view endpoint : kEndpoints) {
    const bool without_version = path == endpoint.substr(kVersionPrefix);
    if (!without_version && !IsDoubled(path, endpoint)) continue;
    refusal.message.Literal(": ").Append(NameOf(method)).Literal(" ");
    refusal.message.Append(without_version ? path : endpoint)
        .Append(without_version ? "" : "/...")
        .Literal(". Did you mean ")
        .Append(endpoint)
        .Literal("? The base URL of this service ends in /v1.");
    return refusal;
  }
  refusal.message.Literal(
      ". Please check the URL for typos. The base URL of this service ends in "
      "/v1.");
  return refusal;
}

Refusal MethodNotAllowed(Method method) {
  Refusal refusal;
  refusal.status = 405;
  refusal.type = kInvalid;
  refusal.code = kMethodNotAllowed;
  refusal.message.Literal("Not allowed to ")
      .Append(NameOf(method))
      .Literal(" on this URL.");
  return refusal;
}

Refusal BodyTooLarge(uint64_t limit) {
  Refusal refusal;
  refusal.status = 413;
  refusal.type = kInvalid;
  refusal.code = kRequestTooLarge;
  refusal.close = true;
  refusal.message.Literal("Maximum request body size ")
      .Number(limit)
      .Literal(" exceeded.");
  return refusal;
}

Refusal GlobalRateLimited(uint64_t limit, uint64_t retry_after) {
  Refusal refusal = RateLimited(ErrorType::kRequests, retry_after);
  refusal.message.Literal("Global rate limit exceeded: the service takes ")
      .Number(limit)
      .Literal(" requests per window from all callers.");
  AppendTryAgain(refusal.message, retry_after);
  return refusal;
}

Refusal AddressRateLimited(uint64_t limit, uint64_t retry_after) {
  Refusal refusal = RateLimited(ErrorType::kRequests, retry_after);
  refusal.message.Literal("Global rate limit exceeded: the service takes ")
      .Number(limit)
      .Literal(" requests per window from one address.");
  AppendTryAgain(refusal.message, retry_after);
  return refusal;
}

Refusal KeyRateLimited(uint64_t limit, uint64_t retry_after) {
  Refusal refusal = RateLimited(ErrorType::kRequests, retry_after);
  refusal.message.Literal("Per-key rate limit exceeded: this API key may send ")
      .Number(limit)
      .Literal(" requests per window.");
  AppendTryAgain(refusal.message, retry_after);
  return refusal;
}

Refusal TooManyConcurrent(uint64_t limit, uint64_t retry_after) {
  Refusal refusal = RateLimited(ErrorType::kRequests, retry_after);
  refusal.message.Literal("Per-key rate limit exceeded: this API key may have ")
      .Number(limit)
      .Literal(" requests under way at a time.");
  AppendTryAgain(refusal.message, retry_after);
  return refusal;
}

Refusal TokenRateLimited(const TokenLimit& tokens, uint64_t retry_after) {
  Refusal refusal = RateLimited(ErrorType::kTokens, retry_after);
  refusal.message.Literal("Rate limit reached on tokens: ");
  AppendTokens(refusal.message, tokens);
  AppendTryAgain(refusal.message, retry_after);
  return refusal;
}

Refusal RequestLargerThanWindow(const TokenLimit& tokens) {
  Refusal refusal = RateLimited(ErrorType::kTokens, 0);
  refusal.retry = {0, false};
  refusal.message.Literal("Request too large for the token limit: ");
  AppendTokens(refusal.message, {tokens.limit, 0, tokens.requested});
  refusal.message.Literal(" Shorten the input or lower max_tokens.");
  return refusal;
}

Refusal BudgetUsedUp(uint64_t retry_after) {
  Refusal refusal = RateLimited(ErrorType::kInsufficientQuota, retry_after);
  refusal.code = ErrorCode::kInsufficientQuota;
  refusal.retry.should_retry = false;
  refusal.message.Literal(
      "You exceeded your current quota: the budget of this API key is used "
      "up.");
  return refusal;
}

}  // namespace holt::worker
