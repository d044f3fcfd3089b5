#include "worker/http/chunked_decoder.h"

#include <algorithm>

#include "worker/http/tokens.h"

namespace holt::worker {
namespace {

constexpr int kMaxSizeDigits = 16;

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::Next(absl::Span<const uint8_t> bytes) {
  size_t taken = 0;
  while (taken < bytes.size() && state_ < State::kEnd) {
    if (state_ == State::kData) {
      const auto size =
          static_cast<size_t>(std::min<uint64_t>(left_, bytes.size() - taken));
      left_ -= size;
      if (left_ == 0) state_ = State::kDataCr;
      return {Event::kData, taken + size, bytes.subspan(taken, size)};
    }
    state_ = TakeByte(bytes[taken++]);
  }
  switch (state_) {
    case State::kEnd:
      return {Event::kEnd, taken, {}};
    case State::kBadFraming:
      return {Event::kBadFraming, taken, {}};
    case State::kBadTrailer:
      return {Event::kBadTrailer, taken, {}};
    default:
      return {Event::kNeedMore, taken, {}};
  }
}

ChunkedDecoder::State ChunkedDecoder::TakeByte(uint8_t byte) {
  switch (state_) {
    case State::kSize:
    case State::kSizeDigits:
      return TakeSize(byte);
    case State::kSizeLf:
      if (byte != '\n') return State::kBadFraming;
      return left_ == 0 ? State::kTrailerStart : State::kData;
    case State::kDataCr:
      return byte == '\r' ? State::kDataLf : State::kBadFraming;
    case State::kDataLf:
      return byte == '\n' ? State::kSize : State::kBadFraming;
    case State::kEndLf:
      return byte == '\n' ? State::kEnd : State::kBadTrailer;
    case State::kTrailerStart:
    case State::kTrailerName:
    case State::kTrailerValue:
    case State::kTrailerLf:
      return TakeTrailer(byte);
    default:
      return state_;
  }
}

ChunkedDecoder::State ChunkedDecoder::TakeSize(uint8_t byte) {
  if (byte == '\r' && state_ == State::kSizeDigits) {
    digits_ = 0;
    return State::kSizeLf;
  }
  const int digit = HexDigit(byte);
  if (digit < 0 || ++digits_ > kMaxSizeDigits) return State::kBadFraming;
  // Sixteen digits fit 64 bits; the first of a size finds 0 here, since a chunk
  // before it was read to its end.
  left_ = left_ << 4 | static_cast<uint64_t>(digit);
  return State::kSizeDigits;
}

ChunkedDecoder::State ChunkedDecoder::TakeTrailer(uint8_t byte) {
  if (++trailer_size_ > kMaxTrailerSize) return State::kBadTrailer;
  switch (state_) {
    case State::kTrailerStart:
      if (byte == '\r') return State::kEndLf;
      if (++trailer_fields_ > kMaxTrailerFields) return State::kBadTrailer;
      return IsTokenByte(byte) ? State::kTrailerName : State::kBadTrailer;
    case State::kTrailerName:
      if (byte == ':') return State::kTrailerValue;
      return IsTokenByte(byte) ? State::kTrailerName : State::kBadTrailer;
    case State::kTrailerValue:
      if (byte == '\r') return State::kTrailerLf;
      return IsFieldByte(byte) ? State::kTrailerValue : State::kBadTrailer;
    default:
      return byte == '\n' ? State::kTrailerStart : State::kBadTrailer;
  }
}

}  // namespace holt::worker
