// Replaces the workers one after another without a gap: the new one starts in
// the other slot, and only when it serves is the old one told to drain. Decides
// only; the supervisor starts and tells. Supervisor only.
#ifndef HOLT_SUPERVISOR_ROLLING_RESTART_H_
#define HOLT_SUPERVISOR_ROLLING_RESTART_H_

#include <deque>

#include "supervisor/child_set.h"

namespace holt::supervisor {

class RollingRestart {
 public:
  // The set outlives it.
  explicit RollingRestart(ChildSet& children) : children_(children) {}

  // Every worker that serves now is to be replaced. Again while one is under
  // way: those replaced already are replaced once more.
  void Begin();
  [[nodiscard]] bool under_way() const {
    return replacement_ != nullptr || !queue_.empty();
  }

  // What to do next; call it whenever something may have changed.
  struct Step {
    Child* drain = nullptr;  // tell this one to finish and end
    bool given_up = false;   // the replacement does not start: the old ones
                             // serve on
  };
  Step Advance();

 private:
  void StartNext();

  ChildSet& children_;
  std::deque<Child*> queue_;
  Child* replacement_ = nullptr;
  uint32_t ends_before_ = 0;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_ROLLING_RESTART_H_
