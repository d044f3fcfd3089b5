#include "admin-service/keys/key_watch.h"

namespace holt::admin {

std::optional<KeyUpdate> KeyWatch::Next(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  const auto has_news = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return closed_ || !waiting_.empty();
  };
  mutex_.AwaitWithTimeout(absl::Condition(&has_news), timeout);
  if (closed_ || waiting_.empty()) return std::nullopt;
  KeyUpdate update = std::move(waiting_.front());
  waiting_.pop_front();
  return update;
}

void KeyWatch::Push(const KeyUpdate& update) {
  absl::MutexLock lock(&mutex_);
  if (waiting_.size() >= kMaxWaiting) {
    closed_ = true;
  } else {
    waiting_.push_back(update);
  }
}

void KeyWatch::Close() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
}

bool KeyWatch::closed() const {
  absl::MutexLock lock(&mutex_);
  return closed_;
}

}  // namespace holt::admin
