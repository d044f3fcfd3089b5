#include "supervisor/rolling_restart.h"

#include <algorithm>

namespace holt::supervisor {
namespace {

// A replacement that ends this often before it serves is not coming.
constexpr uint32_t kMaxEnds = 3;

}  // namespace

void RollingRestart::Begin() {
  queue_.clear();
  for (const auto& worker : children_.workers()) {
    if (worker->wanted() && worker.get() != replacement_) {
      queue_.push_back(worker.get());
    }
  }
  if (replacement_ == nullptr) return;
  // The one it stands in for leaves anyway; it has the old settings itself.
  queue_.erase(std::remove(queue_.begin(), queue_.end(),
                           &children_.TwinOf(*replacement_)),
               queue_.end());
  queue_.push_back(replacement_);
}

RollingRestart::Step RollingRestart::Advance() {
  Step step;
  if (replacement_ == nullptr) {
    StartNext();
    return step;
  }
  if (replacement_->ready()) {
    step.drain = &children_.TwinOf(*replacement_);
    step.drain->SetWanted(false);
    replacement_ = nullptr;
    return step;
  }
  if (replacement_->ends() - ends_before_ >= kMaxEnds) {
    step.given_up = true;
    replacement_->SetWanted(false);
    replacement_ = nullptr;
    queue_.clear();
  }
  return step;
}

void RollingRestart::StartNext() {
  if (queue_.empty()) return;
  Child& twin = children_.TwinOf(*queue_.front());
  // Still draining from the reload before: its turn comes when it has left.
  if (twin.running()) return;
  queue_.pop_front();
  replacement_ = &twin;
  ends_before_ = twin.ends();
  twin.SetWanted(true);
}

}  // namespace holt::supervisor
