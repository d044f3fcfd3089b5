// Our decoder against llhttp: what ours takes, llhttp in its strict mode takes
// too, with the same body and the same end.
#include <llhttp.h>

#include <algorithm>
#include <string>

#include "common/base/check.h"
#include "worker/http/chunked_decoder.h"

namespace holt::worker {
namespace {

struct Decoded {
  std::string body;
  ChunkedDecoder::Event end = ChunkedDecoder::Event::kNeedMore;
  size_t taken = 0;

  friend bool operator==(const Decoded&, const Decoded&) = default;
};

Decoded Decode(absl::Span<const uint8_t> bytes, size_t piece) {
  ChunkedDecoder decoder;
  Decoded decoded;
  size_t available = 0;
  while (true) {
    const ChunkedDecoder::Step step =
        decoder.Next(bytes.subspan(decoded.taken, available - decoded.taken));
    decoded.taken += step.consumed;
    decoded.body.append(reinterpret_cast<const char*>(step.data.data()),
                        step.data.size());
    decoded.end = step.event;
    if (step.event == ChunkedDecoder::Event::kData) continue;
    if (step.event != ChunkedDecoder::Event::kNeedMore) return decoded;
    if (available == bytes.size()) return decoded;
    available = std::min(available + piece, bytes.size());
  }
}

struct Reference {
  std::string body;
  bool complete = false;
};

int OnBody(llhttp_t* parser, const char* text, size_t size) {
  static_cast<Reference*>(parser->data)->body.append(text, size);
  return HPE_OK;
}

int OnComplete(llhttp_t* parser) {
  static_cast<Reference*>(parser->data)->complete = true;
  return HPE_PAUSED;
}

// llhttp reads trailer fields as if they were the head's, and so refuses
// lengths and codings among them; ours drops them all.
bool IsTrailerFault(llhttp_errno_t error) {
  return error == HPE_INVALID_CONTENT_LENGTH ||
         error == HPE_UNEXPECTED_CONTENT_LENGTH ||
         error == HPE_INVALID_TRANSFER_ENCODING;
}

void CompareWithLlhttp(absl::Span<const uint8_t> bytes,
                       const Decoded& decoded) {
  static const std::string head =
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_body = OnBody;
  settings.on_message_complete = OnComplete;
  llhttp_t parser;
  llhttp_init(&parser, HTTP_REQUEST, &settings);
  Reference reference;
  parser.data = &reference;
  const std::string text =
      head +
      std::string(reinterpret_cast<const char*>(bytes.data()), decoded.taken);
  llhttp_execute(&parser, text.data(), text.size());
  HOLT_CHECK(reference.body == decoded.body);
  if (IsTrailerFault(llhttp_get_errno(&parser))) return;
  HOLT_CHECK(reference.complete);
  HOLT_CHECK(llhttp_get_error_pos(&parser) == text.data() + text.size());
}

}  // namespace
}  // namespace holt::worker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using holt::worker::ChunkedDecoder;
  const absl::Span<const uint8_t> bytes(data, size);
  const holt::worker::Decoded whole = holt::worker::Decode(bytes, size + 1);
  HOLT_CHECK(holt::worker::Decode(bytes, 1) == whole);
  HOLT_CHECK(holt::worker::Decode(bytes, 3) == whole);
  if (whole.end == ChunkedDecoder::Event::kEnd) {
    holt::worker::CompareWithLlhttp(bytes, whole);
  }
  return 0;
}
