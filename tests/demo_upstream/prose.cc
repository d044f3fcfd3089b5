#include "tests/demo_upstream/prose.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"

namespace holt::demo {
namespace {

constexpr absl::string_view kText =
    "This is the demo that comes with Holt: no model has read your message. "
    "An otter's den is called a holt. It lies in the bank of a river, under "
    "the roots of an old tree, and its door is below the water, where nobody "
    "looks for one. Whoever lives there comes and goes unseen, and what is "
    "said inside stays inside. Set UPSTREAM_URL to talk to a real service.";

bool ContinuesLetter(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

}  // namespace

Wording::Wording(std::string text) : text_(std::move(text)) {
  size_t start = 0;
  do {
    const size_t end = std::min(text_.find(' ', start + 1), text_.size());
    words_.push_back({start, end - start});
    start = end;
  } while (start < text_.size());
}

Wording Wording::Prose() { return Wording(std::string(kText)); }

Wording Wording::MirrorOf(absl::string_view text) {
  std::string mirrored;
  mirrored.reserve(text.size());
  while (!text.empty()) {
    size_t start = text.size() - 1;
    while (start > 0 && ContinuesLetter(text[start])) --start;
    mirrored.append(text.data() + start, text.size() - start);
    text = text.substr(0, start);
  }
  return Wording(std::move(mirrored));
}

absl::string_view Wording::word(uint32_t index) const {
  const Span& span = words_[index % words_.size()];
  return absl::string_view(text_).substr(span.start, span.size);
}

void AppendJsonEscaped(absl::string_view text, std::string& out) {
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      out.push_back('\\');
      out.push_back(letter);
    } else if (static_cast<unsigned char>(letter) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned>(letter));
    } else {
      out.push_back(letter);
    }
  }
}

}  // namespace holt::demo
