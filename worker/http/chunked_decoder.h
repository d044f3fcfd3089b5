// Takes the chunked transfer coding off a body (RFC 9112, 7.1), stricter than
// the RFC: no extensions, sizes of 1 to 16 hex digits, CRLF only, a bounded
// trailer section that is checked and dropped. Worker; hostile bytes, from
// clients and upstreams alike. Keeps no bytes.
#ifndef HOLT_WORKER_HTTP_CHUNKED_DECODER_H_
#define HOLT_WORKER_HTTP_CHUNKED_DECODER_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace holt::worker {

class ChunkedDecoder {
 public:
  enum class Event : uint8_t {
    kNeedMore,
    kData,        // `data` is the next piece, inside the bytes given
    kEnd,         // after the empty line of the trailer section
    kBadFraming,  // for good
    kBadTrailer,  // for good
  };
  struct Step {
    Event event = Event::kNeedMore;
    size_t consumed = 0;
    absl::Span<const uint8_t> data;
  };

  static constexpr size_t kMaxTrailerSize = 8 * 1024;
  static constexpr size_t kMaxTrailerFields = 16;

  // Takes some of `bytes` and stops after one event.
  Step Next(absl::Span<const uint8_t> bytes);
  void Reset() { *this = ChunkedDecoder(); }

 private:
  enum class State : uint8_t {
    kSize,        // first digit of a size
    kSizeDigits,  // further digits, or CR
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,  // first byte of a trailer line, or CR
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kEndLf,
    kEnd,
    kBadFraming,
    kBadTrailer,
  };

  State TakeByte(uint8_t byte);
  State TakeSize(uint8_t byte);
  State TakeTrailer(uint8_t byte);

  State state_ = State::kSize;
  uint64_t left_ = 0;  // of the chunk
  int digits_ = 0;
  size_t trailer_size_ = 0;
  size_t trailer_fields_ = 0;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_HTTP_CHUNKED_DECODER_H_
