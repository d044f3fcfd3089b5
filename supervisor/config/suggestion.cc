#include "supervisor/config/suggestion.h"

#include <algorithm>

namespace holt::supervisor {

size_t EditDistance(absl::string_view from, absl::string_view to) {
  const size_t width = to.size() + 1;
  std::vector<size_t> cells((from.size() + 1) * width);
  const auto cell = [&](size_t row, size_t column) -> size_t& {
    return cells[row * width + column];
  };
  for (size_t i = 0; i <= from.size(); ++i) cell(i, 0) = i;
  for (size_t j = 0; j <= to.size(); ++j) cell(0, j) = j;
  for (size_t i = 1; i <= from.size(); ++i) {
    for (size_t j = 1; j <= to.size(); ++j) {
      const size_t replaced =
          cell(i - 1, j - 1) + (from[i - 1] == to[j - 1] ? 0 : 1);
      cell(i, j) = std::min({cell(i - 1, j) + 1, cell(i, j - 1) + 1, replaced});
      const bool swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] &&
                           from[i - 2] == to[j - 1];
      if (swapped) cell(i, j) = std::min(cell(i, j), cell(i - 2, j - 2) + 1);
    }
  }
  return cell(from.size(), to.size());
}

std::string NearestWord(absl::string_view word,
                        const std::vector<std::string>& candidates) {
  size_t nearest = std::max<size_t>(1, word.size() / 3) + 1;
  std::string found;
  for (const std::string& candidate : candidates) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < nearest) {
      nearest = distance;
      found = candidate;
    }
  }
  return found;
}

}  // namespace holt::supervisor
