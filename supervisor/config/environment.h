// The supervisor's environment block, read in place and then overwritten:
// secrets arrive in it (specs: input of secrets), and /proc shows it to whoever
// may look. Supervisor only, before the first fork.
#ifndef HOLT_SUPERVISOR_CONFIG_ENVIRONMENT_H_
#define HOLT_SUPERVISOR_CONFIG_ENVIRONMENT_H_

#include <optional>

#include "absl/strings/string_view.h"

namespace holt::supervisor {

class Environment {
 public:
  // `block` is environ or one like it ("NAME=value" texts, null-terminated); it
  // must outlive this object and stay writable.
  explicit Environment(char** block) : block_(block) {}

  // The value, in the block itself: valid until Scrub. A variable that is empty
  // counts as not set, as with the earlier proxy.
  [[nodiscard]] std::optional<absl::string_view> Get(
      absl::string_view name) const;

  // Overwrites every name and value where they stand and empties the block, so
  // that neither this process nor its /proc/PID/environ has them any more.
  void Scrub();

 private:
  char** block_;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_CONFIG_ENVIRONMENT_H_
