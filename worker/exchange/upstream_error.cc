#include "worker/exchange/upstream_error.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/types/span.h"
#include "worker/http/json_scanner.h"

namespace holt::worker {
namespace {

// What Retry-After may say.
constexpr uint64_t kMaxRetryAfterSeconds = 60;

Refusal RateLimitedByUpstream(const ResponseHead& head) {
  Refusal refusal = MakeRefusal(RefusalKind::kUpstreamRateLimited);
  uint64_t seconds = 0;
  if (absl::SimpleAtoi(head.Find("retry-after").value_or(absl::string_view()),
                       &seconds) &&
      seconds > 0) {
    refusal.retry.after_milliseconds =
        std::min(seconds, kMaxRetryAfterSeconds) * 1000;
    if (seconds > kMaxRetryAfterSeconds) refusal.retry.should_retry = false;
  }
  return refusal;
}

}  // namespace

std::optional<Refusal> RefusalForUpstreamStatus(const ResponseHead& head) {
  const int status = head.status();
  if (status == 429) return RateLimitedByUpstream(head);
  const bool redirect = status >= 300 && status < 400;
  if (redirect || status == 401 || status == 403 || status == 407) {
    return MakeRefusal(RefusalKind::kUpstreamFailed);
  }
  return std::nullopt;
}

bool HasErrorShape(absl::string_view body) {
  JsonScanner scanner;
  auto rest = absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(body.data()),
                                  body.size());
  size_t key_begin = 0;
  absl::string_view key;
  bool found = false;
  while (true) {
    const JsonScanner::Step step = scanner.Next(rest);
    rest.remove_prefix(step.consumed);
    const size_t position = body.size() - rest.size();
    if (step.event == JsonScanner::Event::kKeyBegin) key_begin = position - 1;
    if (step.event == JsonScanner::Event::kKeyEnd) {
      key = body.substr(key_begin, position - key_begin);
    }
    if (step.event == JsonScanner::Event::kValueBegin && key == "\"error\"") {
      found = position < body.size() && body[position] == '{';
    }
    if (step.event == JsonScanner::Event::kInvalid ||
        step.event == JsonScanner::Event::kTooDeep) {
      return false;
    }
    if (step.event == JsonScanner::Event::kNeedMore) break;
  }
  return found && scanner.Finish();
}

Refusal NeutralUpstreamError(int status) {
  Refusal refusal;
  refusal.status = status;
  const bool caller = status < 500;
  refusal.type = caller ? ErrorType::kInvalidRequest : ErrorType::kServerError;
  refusal.code = caller ? ErrorCode::kBadRequest : ErrorCode::kUpstreamError;
  refusal.message.Literal("The upstream answered with the error ")
      .Number(static_cast<uint64_t>(status));
  if (caller) {
    refusal.message.Literal(" and did not accept the request.");
  } else {
    refusal.message.Literal(". Please try again later.");
  }
  return refusal;
}

}  // namespace holt::worker
