#include "worker/http/tokens.h"

namespace holt::worker {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

bool IsToken(absl::string_view text) {
  for (const char c : text) {
    if (!IsTokenByte(static_cast<uint8_t>(c))) return false;
  }
  return !text.empty();
}

absl::string_view TrimBlanks(absl::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

bool NextListElement(absl::string_view& list, absl::string_view& element) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    element = TrimBlanks(list.substr(0, comma));
    list.remove_prefix(comma == absl::string_view::npos ? list.size()
                                                        : comma + 1);
    if (!element.empty()) return true;
  }
  return false;
}

}  // namespace holt::worker
