// The known word nearest to a mistyped one, for "did you mean". Supervisor, on
// the operator's own words only.
#ifndef HOLT_SUPERVISOR_CONFIG_SUGGESTION_H_
#define HOLT_SUPERVISOR_CONFIG_SUGGESTION_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace holt::supervisor {

// How many letters must be inserted, deleted or replaced, or neighbours
// swapped, to make `from` into `to`.
size_t EditDistance(absl::string_view from, absl::string_view to);

// The candidate nearest to `word`, or "" when none is near enough to be meant
// (more than a third of its letters differ, at least one may).
std::string NearestWord(absl::string_view word,
                        const std::vector<std::string>& candidates);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_CONFIG_SUGGESTION_H_
