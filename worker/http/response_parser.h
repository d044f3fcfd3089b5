// One upstream connection's answers: bytes in, one response at a time out.
// Worker; an upstream is as hostile as a client, so its heads pass the same
// checks. A refusal means: bad upstream, drop the connection, 502 if nothing
// was relayed yet.
//
// Interim responses (1xx) are skipped, up to eight; 101 is refused, since we
// never ask for an upgrade.
#ifndef HOLT_WORKER_HTTP_RESPONSE_PARSER_H_
#define HOLT_WORKER_HTTP_RESPONSE_PARSER_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "worker/http/chunked_decoder.h"
#include "worker/http/head.h"
#include "worker/http/head_reader.h"

namespace holt::worker {

class ResponseParser {
 public:
  struct Step {
    enum class Event : uint8_t { kNeedMore, kHead, kBody, kEnd, kRefused };
    Event event = Event::kNeedMore;
    size_t consumed = 0;
    absl::Span<const uint8_t> body;
  };

  explicit ResponseParser(const HeadLimits& limits = kUpstreamHeadLimits);

  // As RequestParser::Next. A byte that follows kEnd is left to the caller, who
  // must close the connection: nothing was asked for yet.
  Step Next(absl::Span<const uint8_t> bytes);

  // The upstream closed its side, and all its bytes went through Next. True
  // when that properly ends the response (kEnd, or a body that lasts until the
  // close; over TLS only after a close_notify). False: it was cut.
  bool FinishAtClose();

  [[nodiscard]] const ResponseHead& head() const { return head_; }
  // The body has no length of its own and ends with the connection.
  [[nodiscard]] bool until_close() const {
    return state_ == State::kUntilClose;
  }
  // True when the response was complete to the byte and the upstream lets the
  // connection go on.
  [[nodiscard]] bool reusable() const {
    return state_ == State::kEnd && !ended_by_close_ && head_.keep_alive();
  }
  // True once a byte of a response was seen.
  [[nodiscard]] bool started() const {
    return reader_.started() || interim_count_ > 0;
  }

  // Wipes the head and awaits the answer to a request of this method: an answer
  // to HEAD has no body.
  void Reset(Method request_method);

 private:
  enum class State : uint8_t {
    kHead,
    kLength,
    kChunked,
    kUntilClose,
    kEnd,
    kRefused,
  };

  Step Refuse(size_t consumed);
  Step ReadHead(absl::Span<const uint8_t> bytes);
  Step ReadLength(absl::Span<const uint8_t> bytes);
  Step ReadChunked(absl::Span<const uint8_t> bytes);
  bool ReadStatusLine();
  bool SkipInterim();
  [[nodiscard]] bool LengthsFitStatus() const;
  [[nodiscard]] State StateForBody() const;

  HeadReader reader_;
  ChunkedDecoder chunked_;
  ResponseHead head_;
  State state_ = State::kHead;
  Method request_method_ = Method::kGet;
  uint64_t body_left_ = 0;
  int interim_count_ = 0;
  bool ended_by_close_ = false;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_HTTP_RESPONSE_PARSER_H_
