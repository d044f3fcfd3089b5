#include "admin-service/cli/suggestion.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace holt::admin::cli {
namespace {

// Letters to insert, remove or replace to get from one word to the other.
size_t Distance(absl::string_view from, absl::string_view to) {
  std::vector<size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < from.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < to.size(); ++j) {
      const size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string Nearest(absl::string_view word,
                    absl::Span<const absl::string_view> known) {
  constexpr size_t kNear = 2;
  constexpr size_t kLongestWord = 32;
  if (word.size() > kLongestWord) return "";
  size_t best = kNear + 1;
  std::string nearest;
  for (const absl::string_view candidate : known) {
    const size_t distance = Distance(word, candidate);
    if (distance >= best) continue;
    best = distance;
    nearest = std::string(candidate);
  }
  return nearest;
}

}  // namespace holt::admin::cli
