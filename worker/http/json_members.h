// Walks the members of one JSON object that lies whole in memory, and judges
// the text on the way. Worker; hostile bytes. Nothing is copied: keys and
// values are given as ranges of the text.
#ifndef HOLT_WORKER_HTTP_JSON_MEMBERS_H_
#define HOLT_WORKER_HTTP_JSON_MEMBERS_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "worker/http/json_scanner.h"

namespace holt::worker {

// Half-open range of bytes in a text; begin == end: not there.
struct ByteRange {
  size_t begin = 0;
  size_t end = 0;
  [[nodiscard]] bool empty() const { return begin == end; }
  [[nodiscard]] size_t size() const { return end - begin; }
};

struct JsonMember {
  ByteRange key;    // with its quotes
  ByteRange value;  // without white space around it
};

class JsonMembers {
 public:
  enum class Outcome : uint8_t {
    kObject,     // the text is one object, and all of it was walked
    kNotObject,  // valid, but another value
    kInvalid,
    kTooDeep,
  };

  explicit JsonMembers(absl::Span<const uint8_t> text) : text_(text) {}

  // The next member, in order; false at the end, whatever ended it.
  bool Next(JsonMember& member);
  // Valid once Next returned false.
  [[nodiscard]] Outcome outcome() const;
  // The braces and what is between them. Valid once outcome() is kObject.
  [[nodiscard]] ByteRange object() const { return object_; }

  // The text of a range.
  [[nodiscard]] absl::string_view Text(ByteRange range) const {
    return absl::string_view(
        reinterpret_cast<const char*>(text_.data()) + range.begin,
        range.size());
  }
  // A string's raw text between its quotes.
  [[nodiscard]] absl::string_view Unquoted(ByteRange range) const {
    return Text({range.begin + 1, range.end - 1});
  }
  [[nodiscard]] bool IsString(ByteRange range) const {
    return text_[range.begin] == '"';
  }
  // Whether a member's key is `name` once its escapes are taken off.
  [[nodiscard]] bool KeyIs(const JsonMember& member,
                           absl::string_view name) const;

 private:
  absl::Span<const uint8_t> text_;
  size_t position_ = 0;
  JsonScanner scanner_;
  ByteRange object_;
  bool failed_ = false;
  bool too_deep_ = false;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_HTTP_JSON_MEMBERS_H_
