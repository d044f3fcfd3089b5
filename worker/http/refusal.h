// Every answer by which the worker refuses a request or reports a failure, in
// one table: status, OpenAI error type and code, text, and what an SDK shall do
// about retrying. Worker. Nothing of a request ever gets into a refusal: texts
// are literals and numbers.
#ifndef HOLT_WORKER_HTTP_REFUSAL_H_
#define HOLT_WORKER_HTTP_REFUSAL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "worker/http/head.h"

namespace holt::worker {

enum class ErrorType : uint8_t {
  kInvalidRequest,     // invalid_request_error
  kRequests,           // requests
  kTokens,             // tokens
  kInsufficientQuota,  // insufficient_quota
  kServerError,        // server_error
  kUpstreamVerificationFailed,
};
absl::string_view NameOf(ErrorType type);

enum class ErrorCode : uint8_t {
  kBadRequest,
  kInvalidJson,
  kMissingRequiredParameter,
  kInvalidType,
  kInvalidValue,
  kInvalidApiKey,
  kHttpsRequired,
  kNotAllowed,
  kUnknownUrl,
  kModelNotFound,
  kMethodNotAllowed,
  kRequestTimeout,
  kRequestTooLarge,
  kUriTooLong,
  kUnsupportedMediaType,
  kExpectationFailed,
  kHeadersTooLarge,
  kRateLimitExceeded,
  kInsufficientQuota,
  kInternalError,
  kUpstreamError,
  kUpstreamVerificationFailed,
  kOverloaded,
  kUnavailable,
  kUpstreamTimeout,
};
absl::string_view NameOf(ErrorCode code);

struct Refusal;
enum class RefusalKind : uint8_t;

// A bounded sentence that is made of literals and numbers only; what does not
// fit is cut.
class RefusalText {
 public:
  RefusalText() = default;
  template <size_t N>
  RefusalText& Literal(const char (&text)[N]) {
    return Append(absl::string_view(text, N - 1));
  }
  RefusalText& Number(uint64_t value);
  // Whole seconds, rounded up, as scripts read them: "2s", "1m30s".
  RefusalText& Seconds(uint64_t milliseconds);
  [[nodiscard]] absl::string_view view() const {
    return absl::string_view(text_.data(), size_);
  }

 private:
  friend Refusal MakeRefusal(RefusalKind kind);
  friend Refusal UnknownUrl(Method method, absl::string_view path);
  friend Refusal MethodNotAllowed(Method method);
  RefusalText& Append(absl::string_view text);
  std::array<char, 320> text_ = {};
  size_t size_ = 0;
};

// When and whether an SDK shall try again. Sent as Retry-After, retry-after-ms
// and x-should-retry.
struct RetryAdvice {
  uint64_t after_milliseconds = 0;   // 0: not said
  std::optional<bool> should_retry;  // absent: as the SDK thinks by status
};

struct Refusal {
  int status = 500;
  ErrorType type = ErrorType::kServerError;
  ErrorCode code = ErrorCode::kInternalError;
  RefusalText message;
  const char* param = nullptr;  // a literal; nullptr: JSON null
  bool close = false;           // nothing more is read on this connection
  RetryAdvice retry;
};

// The refusals whose text never varies.
enum class RefusalKind : uint8_t {
  // Framing and head: 400 and the like, close.
  kMalformedRequestLine,
  kUnsupportedVersion,
  kMalformedField,
  kLineEnds,
  kHost,
  kAbsoluteForm,
  kContentLength,
  kTransferEncoding,
  kAmbiguousLength,
  kRepeatedField,
  kChunkedFraming,
  kTrailers,
  kEmptyLines,
  kUnknownMethod,
  kUnsupportedExpectation,
  kContentEncoding,
  kRequestLineTooLong,
  kTargetTooLong,
  kFieldTooLarge,
  kHeadTooLarge,
  kTooManyFields,
  kHeadTimeout,
  kBodyTimeout,
  // Path, method and content type.
  kBadPathEscape,
  kUnsupportedMediaType,
  // JSON bodies.
  kInvalidJson,
  kJsonNotObject,
  kJsonTooDeep,
  kJsonTooManyKeys,
  kJsonDuplicateModel,
  kJsonDuplicateStream,
  kJsonDuplicateStreamOptions,
  kJsonDuplicateMessages,
  kJsonDuplicateInput,
  kModelMissing,
  kModelNotString,
  kModelTooLong,
  kStreamNotBoolean,
  kStreamOptionsNotObject,
  kIncludeUsageNotBoolean,
  kIncludeUsageTwice,
  // Multipart bodies.
  kMalformedMultipart,
  // Authentication and permission.
  kMissingKey,
  kInvalidKey,
  kExpiredKey,
  kTwoCredentials,
  kHttpsRequired,
  kNotAllowed,
  kModelNotFound,
  // Ours, the upstream's, the node's.
  kInternal,
  kUpstreamUnreachable,  // nothing was sent yet: may be retried
  kUpstreamFailed,       // bytes of the request went out: may bill twice
  kUpstreamTimeout,
  kUpstreamRateLimited,
  kUpstreamNotVerified,
  kOverloaded,
  kDraining,
  kJournalFull,
  kKeyTableStale,
};

Refusal MakeRefusal(RefusalKind kind);

// 404. The path is never echoed; where it is a known endpoint without /v1, or
// with the endpoint twice, the text says what was meant.
Refusal UnknownUrl(Method method, absl::string_view path);
// 405 for a known path; the caller sets the Allow field.
Refusal MethodNotAllowed(Method method);
// 413; closes, since the body is not read.
Refusal BodyTooLarge(uint64_t limit);

// 429. Times are milliseconds, windows included.
Refusal GlobalRateLimited(uint64_t limit, uint64_t retry_after);
Refusal AddressRateLimited(uint64_t limit, uint64_t retry_after);
Refusal KeyRateLimited(uint64_t limit, uint64_t retry_after);
Refusal TooManyConcurrent(uint64_t limit, uint64_t retry_after);
struct TokenLimit {
  uint64_t limit;
  uint64_t used;
  uint64_t requested;
};
Refusal TokenRateLimited(const TokenLimit& tokens, uint64_t retry_after);
// One request that is larger than the whole window: waiting does not help.
Refusal RequestLargerThanWindow(const TokenLimit& tokens);
// `retry_after`: until the next period of the budget.
Refusal BudgetUsedUp(uint64_t retry_after);

}  // namespace holt::worker

#endif  // HOLT_WORKER_HTTP_REFUSAL_H_
