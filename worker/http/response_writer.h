// Writes responses to clients: heads with the fields that every response
// carries, chunked framing, and whole error responses. Worker. Bytes are
// written straight into the connection's output buffer.
//
// Values that come from an upstream pass only through `passed_on`, whose fields
// were parsed by ResponseParser and so hold no control byte.
#ifndef HOLT_WORKER_HTTP_RESPONSE_WRITER_H_
#define HOLT_WORKER_HTTP_RESPONSE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "worker/http/head.h"
#include "worker/http/refusal.h"
#include "worker/net/buffer.h"

namespace holt::worker {

// One rate limit as headers tell it.
struct RateWindow {
  uint64_t limit = 0;
  uint64_t remaining = 0;
  uint64_t reset_milliseconds = 0;  // until the window is full again
};

struct RateHeaders {
  // x-ratelimit-{limit,remaining,reset}-{requests,tokens}; a limit that is off
  // is left out.
  std::optional<RateWindow> requests;
  std::optional<RateWindow> tokens;
  // X-RateLimit-Limit, -Remaining and -Reset (epoch seconds) as the earlier
  // proxy sent them.
  std::optional<RateWindow> earlier;
};

// What all responses to one request have in common. Views outlive the call.
struct ResponseContext {
  absl::string_view request_id;
  absl::Time now;
  std::optional<int64_t> processing_milliseconds;
  RateHeaders rate;
  RetryAdvice retry;
  int minor_version = 1;    // of the request
  bool keep_alive = false;  // the connection goes on after this response
  bool head_only = false;   // the request was HEAD: no body is written
  bool tls = false;         // or https was forced: Strict-Transport-Security
  bool cors = false;        // the path is below /v1
};

enum class BodyFraming : uint8_t {
  kLength,      // content_length says it
  kChunked,     // AppendChunk, AppendLastChunk
  kUntilClose,  // for HTTP/1.0 requests; keep_alive must be false
  kNone,        // 204, 304
};

struct ResponseHeadOptions {
  int status = 200;
  absl::string_view content_type;  // empty: none
  BodyFraming framing = BodyFraming::kLength;
  uint64_t content_length = 0;
  bool event_stream = false;  // adds what keeps intermediaries from buffering
  // Further fields, already chosen by the caller; written as they are.
  absl::Span<const Field> passed_on;
};

// The reason phrase of a status; "Unknown" for one without.
absl::string_view ReasonOf(int status);

void WriteHead(ChunkBuffer& out, const ResponseContext& context,
               const ResponseHeadOptions& options);

// One chunk; nothing for no data (an empty chunk would end the body).
void AppendChunk(ChunkBuffer& out, absl::Span<const uint8_t> data);
// As AppendChunk, but takes the bytes of `data` over instead of copying them.
void AppendChunk(ChunkBuffer& out, ChunkBuffer& data);
void AppendLastChunk(ChunkBuffer& out);

// "HTTP/1.1 100 Continue".
void WriteContinue(ChunkBuffer& out);

// The error object, {"error":{...}}.
void AppendErrorObject(ChunkBuffer& out, const Refusal& refusal);

// A whole error response. `refusal.close` wins over context.keep_alive, and
// refusal.retry over context.retry. `allow` is for 405: "GET, HEAD".
void WriteError(ChunkBuffer& out, const Refusal& refusal,
                const ResponseContext& context, absl::string_view allow = {});

// A whole JSON response of ours ({"status":"healthy"} and the like).
void WriteJson(ChunkBuffer& out, int status, absl::string_view json,
               const ResponseContext& context);

// 204 to a browser's CORS preflight. `asked_headers` is the client's
// Access-Control-Request-Headers; it is echoed only if it is a list of tokens.
void WritePreflight(ChunkBuffer& out, absl::string_view asked_headers,
                    const ResponseContext& context);

// Go-style duration as rate-limit headers have it: "12ms", "1s", "6m0s".
std::string FormatDuration(uint64_t milliseconds);

}  // namespace holt::worker

#endif  // HOLT_WORKER_HTTP_RESPONSE_WRITER_H_
