#include "supervisor/config/environment.h"

#include <string.h>

#include "absl/strings/strip.h"

namespace holt::supervisor {

std::optional<absl::string_view> Environment::Get(
    absl::string_view name) const {
  for (char** entry = block_; entry != nullptr && *entry != nullptr; ++entry) {
    absl::string_view rest(*entry);
    if (!absl::ConsumePrefix(&rest, name)) continue;
    if (!absl::ConsumePrefix(&rest, "=")) continue;
    if (rest.empty()) return std::nullopt;
    return rest;
  }
  return std::nullopt;
}

void Environment::Scrub() {
  if (block_ == nullptr) return;
  for (char** entry = block_; *entry != nullptr; ++entry) {
    ::explicit_bzero(*entry, ::strlen(*entry));
  }
  block_[0] = nullptr;
}

}  // namespace holt::supervisor
