// Byte classes and list reading of HTTP fields (RFC 9110, 5.6). Worker; hostile
// bytes.
#ifndef HOLT_WORKER_HTTP_TOKENS_H_
#define HOLT_WORKER_HTTP_TOKENS_H_

#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace holt::worker {

// A byte of a token: field names, methods, options.
inline bool IsTokenByte(uint8_t byte) {
  return absl::ascii_isalnum(byte) ||
         (byte != 0 &&
          absl::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(byte)) !=
              absl::string_view::npos);
}

// A byte of a field's value: no control byte but tab.
inline bool IsFieldByte(uint8_t byte) {
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

// The digit's value, or -1.
inline int HexDigit(uint8_t byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  const int letter = byte | 0x20;
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

bool IsToken(absl::string_view text);

// `text` without the spaces and tabs around it.
absl::string_view TrimBlanks(absl::string_view text);

// Takes the next element off a comma-separated list; empty elements are
// skipped. False at the end.
bool NextListElement(absl::string_view& list, absl::string_view& element);

}  // namespace holt::worker

#endif  // HOLT_WORKER_HTTP_TOKENS_H_
