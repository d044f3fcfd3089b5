// What the demo upstream answers with. A Wording is a text cut into words, one
// token each; the built-in one is a calm text about otters and their dens that
// has nothing to do with the question, so that nobody takes it for a model's.
#ifndef HOLT_TESTS_DEMO_UPSTREAM_PROSE_H_
#define HOLT_TESTS_DEMO_UPSTREAM_PROSE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace holt::demo {

class Wording {
 public:
  // The demo's own text.
  static Wording Prose();
  // `text` back to front, letter by letter (valid UTF-8 stays valid): an answer
  // that has the prompt's content without having its bytes.
  static Wording MirrorOf(absl::string_view text);
  explicit Wording(std::string text);

  [[nodiscard]] uint32_t size() const {
    return static_cast<uint32_t>(words_.size());
  }
  // Word number `index`, with the blank that parts it from the one before; the
  // text begins again when it is at its end.
  [[nodiscard]] absl::string_view word(uint32_t index) const;

 private:
  struct Span {
    size_t start;
    size_t size;
  };
  std::string text_;
  std::vector<Span> words_;
};

// Appends `text` as the inside of a JSON string. Bytes that are not ASCII are
// passed on as they are: callers give valid UTF-8.
void AppendJsonEscaped(absl::string_view text, std::string& out);

}  // namespace holt::demo

#endif  // HOLT_TESTS_DEMO_UPSTREAM_PROSE_H_
