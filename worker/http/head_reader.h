// Collects the raw bytes of one head up to its empty line, within limits and
// with every line end checked, and turns them into fields. Shared by requests
// and responses. Worker; hostile bytes.
//
// Two readings must agree: the raw bytes are checked here as they come (no bare
// CR, bare LF or other control byte, no fold, sizes, counts), and llhttp in its
// strict mode parses the finished head.
#ifndef HOLT_WORKER_HTTP_HEAD_READER_H_
#define HOLT_WORKER_HTTP_HEAD_READER_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "worker/http/head.h"

namespace holt::worker {

enum class HeadFault : uint8_t {
  kNone,
  kLineEnds,     // bare CR or LF, NUL, control byte
  kEmptyLines,   // more than one before the head
  kLineTooLong,  // the first line
  kFieldTooLarge,
  kHeadTooLarge,
  kTooManyFields,
  kMalformedField,  // fold, no colon, white space before it, bad name
  kMalformedStart,  // llhttp does not take the first line
  kContentLength,   // not 1-18 digits
  kRepeatedLength,
  kTransferEncoding,  // not one field that is exactly "chunked"
  kAmbiguousLength,   // both
};

class HeadReader {
 public:
  enum class Kind : uint8_t { kRequest, kResponse };
  enum class Event : uint8_t {
    kNeedMore,   // all bytes were taken
    kFirstLine,  // the first line is complete: judge it before going on
    kComplete,   // fields, lengths and version of the head are set
    kFault,      // for good
  };
  struct Step {
    Event event = Event::kNeedMore;
    HeadFault fault = HeadFault::kNone;
    size_t consumed = 0;
  };

  HeadReader(Kind kind, const HeadLimits& limits)
      : kind_(kind), limits_(limits) {}

  // Takes bytes into `head` and stops after one event; after kComplete and
  // kFault nothing more until Reset().
  Step Take(absl::Span<const uint8_t> bytes, MessageHead& head);

  // The first line, without its end, from kFirstLine on. The next Take may move
  // it.
  [[nodiscard]] absl::string_view first_line(const MessageHead& head) const;
  [[nodiscard]] bool started() const { return started_; }
  void Reset();

 private:
  // Where in a line the next byte stands.
  enum class Place : uint8_t { kLineStart, kInLine, kAfterCr };

  HeadFault TakeByte(uint8_t byte);
  HeadFault EndLine();
  [[nodiscard]] HeadFault CheckSizes() const;
  HeadFault Finish(MessageHead& head);
  HeadFault Parse(absl::string_view text, MessageHead& head) const;
  static HeadFault ReadLengths(MessageHead& head);

  Kind kind_;
  HeadLimits limits_;
  Place place_ = Place::kLineStart;
  size_t line_size_ = 0;    // of the line under way
  size_t fields_size_ = 0;  // of all field lines
  size_t lines_ = 0;        // complete ones, the first included
  size_t first_line_size_ = 0;
  size_t empty_lines_ = 0;  // before the first
  bool started_ = false;
  bool complete_ = false;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_HTTP_HEAD_READER_H_
