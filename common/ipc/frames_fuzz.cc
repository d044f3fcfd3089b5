// Every decoder of frames over hostile bytes. What is accepted is encoded again
// and must be the same bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "common/base/check.h"
#include "common/ipc/frames.h"

namespace {

template <typename Message>
void Try(absl::Span<const uint8_t> frame, uint64_t id) {
  const absl::StatusOr<Message> message = holt::DecodeFrame<Message>(frame);
  if (!message.ok()) return;
  holt::EncodedFrame again;
  const absl::Span<const uint8_t> bytes = again.Encode(id, *message);
  HOLT_CHECK(
      std::equal(bytes.begin(), bytes.end(), frame.begin(), frame.end()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::Span<const uint8_t> frame(data, size);
  const absl::StatusOr<holt::FrameHeader> header =
      holt::DecodeFrameHeader(frame);
  if (!header.ok()) return 0;
  HOLT_CHECK(header->payload_size + holt::kFrameHeaderSize == size);
  HOLT_CHECK(size <= holt::kMaxFrameSize);
  Try<holt::SignRequest>(frame, header->id);
  Try<holt::SignReply>(frame, header->id);
  Try<holt::TicketKeysRequest>(frame, header->id);
  Try<holt::TicketKeysReply>(frame, header->id);
  Try<holt::CredentialRequest>(frame, header->id);
  Try<holt::CredentialReply>(frame, header->id);
  Try<holt::Ready>(frame, header->id);
  Try<holt::Introduce>(frame, header->id);
  Try<holt::Drain>(frame, header->id);
  Try<holt::DialRequest>(frame, header->id);
  Try<holt::DialReply>(frame, header->id);
  return 0;
}
