// Text of JSON strings as it stands between the quotes, escapes and all.
// Worker; hostile bytes, already recognised as a valid JSON string.
#ifndef HOLT_WORKER_HTTP_JSON_TEXT_H_
#define HOLT_WORKER_HTTP_JSON_TEXT_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace holt::worker {

// Gives the bytes that a raw JSON text stands for, one at a time and without a
// buffer. A surrogate escape without its other half becomes the three bytes
// that would encode it: two such texts still compare as they should.
class JsonTextCursor {
 public:
  explicit JsonTextCursor(absl::string_view raw) : raw_(raw) {}
  // The next byte, or -1 at the end.
  int Next();

 private:
  void LoadEscape();
  uint32_t TakeHex();

  absl::string_view raw_;
  uint8_t ready_[4] = {};  // bytes of the escape under way, last one first
  int ready_size_ = 0;
};

// Whether two raw texts stand for the same string. A plain ASCII name without
// quote or backslash is its own raw text.
bool SameJsonText(absl::string_view a, absl::string_view b);

}  // namespace holt::worker

#endif  // HOLT_WORKER_HTTP_JSON_TEXT_H_
