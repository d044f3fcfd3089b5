// Where each configured value came from, so that a complaint names the line or
// the variable to change. Supervisor, at start and on reload.
//
// A path names a field as the file nests it: "listener.port",
// "upstreams[0].url".
#ifndef HOLT_SUPERVISOR_CONFIG_ORIGINS_H_
#define HOLT_SUPERVISOR_CONFIG_ORIGINS_H_

#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace holt::supervisor {

class Origins {
 public:
  // `where` is "holt.textproto:3:5" or the name of an environment variable.
  void Set(absl::string_view path, std::string where) {
    origins_[std::string(path)] = std::move(where);
  }
  // Forgets every path that starts with `prefix`.
  void Forget(absl::string_view prefix) {
    const std::string first(prefix);
    auto at = origins_.lower_bound(first);
    while (at != origins_.end() &&
           at->first.compare(0, first.size(), first) == 0) {
      at = origins_.erase(at);
    }
  }
  // "<where>: <path>", or the path alone for a default.
  [[nodiscard]] std::string Describe(absl::string_view path) const {
    const auto found = origins_.find(std::string(path));
    if (found == origins_.end()) return std::string(path);
    // A variable names itself; a line of a file needs the field beside it.
    if (found->second.find(':') == std::string::npos) return found->second;
    return absl::StrCat(found->second, ": ", path);
  }
  // The error about the value at `path`; `sentence` says what is wrong and the
  // fix.
  [[nodiscard]] absl::Status Complain(absl::string_view path,
                                      absl::string_view sentence) const {
    return absl::InvalidArgumentError(
        absl::StrCat(Describe(path), ": ", sentence));
  }

 private:
  std::map<std::string, std::string> origins_;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_CONFIG_ORIGINS_H_
