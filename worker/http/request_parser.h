// One side of an HTTP/1.1 connection from a client: bytes in, requests out.
// Worker; every byte is hostile. Knows no sockets and no time. Anything that
// two parsers could read in two ways is refused (docs/http-strictness.md), and
// after a refusal nothing on the connection is ever parsed again.
//
//   head ----> body -+--> end --Reset()--> head ...
//     |          ^---+     |
//     +--> refused <-------+   (final)
//
// Heads go through llhttp in its strict mode and through checks of our own;
// bodies through ChunkedDecoder or by counting. The outcome does not depend on
// how the bytes are cut into calls.
#ifndef HOLT_WORKER_HTTP_REQUEST_PARSER_H_
#define HOLT_WORKER_HTTP_REQUEST_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "worker/http/chunked_decoder.h"
#include "worker/http/head.h"
#include "worker/http/head_reader.h"
#include "worker/http/refusal.h"

namespace holt::worker {

class RequestParser {
 public:
  struct Step {
    enum class Event : uint8_t {
      kNeedMore,  // all bytes were taken; nothing to report yet
      kHead,      // head() is complete
      kBody,     // `body` is the next piece of the body, inside the bytes given
      kEnd,      // the request is complete; bytes after it were not touched
      kRefused,  // refusal() says why; for good
    };
    Event event = Event::kNeedMore;
    size_t consumed = 0;  // of the bytes given
    absl::Span<const uint8_t> body;
  };

  explicit RequestParser(const HeadLimits& limits);

  // Takes some of `bytes` (`consumed`) and stops after one event. After kHead
  // and kBody call it again even with no bytes: kEnd may need none. kEnd and
  // kRefused repeat until Reset().
  Step Next(absl::Span<const uint8_t> bytes);

  // Valid from kHead to Reset().
  [[nodiscard]] const RequestHead& head() const { return head_; }
  // Valid after kRefused.
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }
  // Bytes of body that were given out so far.
  [[nodiscard]] uint64_t body_size() const { return body_size_; }
  // True once a byte of a request's head was seen: the head's time runs.
  [[nodiscard]] bool started() const { return reader_.started(); }

  // Wipes the head and makes ready for the connection's next request. Only
  // after kEnd.
  void Reset();

 private:
  enum class State : uint8_t { kHead, kLength, kChunked, kEnd, kRefused };

  Step Refuse(RefusalKind kind, size_t consumed);
  Step ReadHead(absl::Span<const uint8_t> bytes);
  Step ReadLength(absl::Span<const uint8_t> bytes);
  Step ReadChunked(absl::Span<const uint8_t> bytes);
  std::optional<RefusalKind> Judge(const HeadReader::Step& read);
  std::optional<RefusalKind> ReadRequestLine();
  std::optional<RefusalKind> SplitTarget();
  std::optional<RefusalKind> CheckFields();

  const HeadLimits limits_;
  HeadReader reader_;
  ChunkedDecoder chunked_;
  RequestHead head_;
  Refusal refusal_;
  State state_ = State::kHead;
  uint64_t body_left_ = 0;
  uint64_t body_size_ = 0;
};

// False for a path that no route may match: one with %2f, %5c, %00, a
// backslash, an empty segment, or a segment that is "." or "..", plain or
// escaped. Such a path is 404 (UnknownUrl).
bool IsPlainPath(absl::string_view path);

// Decodes one percent-encoded path segment once (for /v1/models/{id}, whose id
// may hold a slash). False on a bad escape, %00 or invalid UTF-8: 400
// (kBadPathEscape).
bool DecodeSegment(absl::string_view segment, std::string* decoded);

}  // namespace holt::worker

#endif  // HOLT_WORKER_HTTP_REQUEST_PARSER_H_
