// The requests that wait for an answer on a frame channel: ids, and a time for
// each. How many there may be is the owner's to bound. Worker. Ids in replies
// are hostile: an unknown one is no match.
#ifndef HOLT_WORKER_NET_REQUEST_TABLE_H_
#define HOLT_WORKER_NET_REQUEST_TABLE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/event/loop.h"

namespace holt::worker {

// Every request gets the same time, so the oldest is the first to run out of it
// and one timer does for all. Callbacks run once: by Answer, by time, by
// FailOlder, or never after Cancel.
template <typename Reply>
class RequestTable {
 public:
  using Callback = std::function<void(absl::StatusOr<Reply>)>;

  RequestTable(Loop& loop, absl::Duration timeout)
      : loop_(loop), timeout_(timeout), timer_(loop, [this] { Expire(); }) {}

  [[nodiscard]] size_t size() const { return pending_.size(); }

  // The id for the request's frame; never 0, which is for frames nobody asked
  // for. Ids grow.
  uint64_t Add(Callback callback) {
    const uint64_t id = next_id_++;
    pending_.emplace(id, std::move(callback));
    order_.push_back(
        {id, loop_.now_nanos() + absl::ToInt64Nanoseconds(timeout_)});
    if (!timer_.pending()) timer_.Start(timeout_);
    return id;
  }

  [[nodiscard]] bool Contains(uint64_t id) const {
    return pending_.contains(id);
  }

  // Hands `reply` to the request `id`; false when there is none (any more).
  bool Answer(uint64_t id, absl::StatusOr<Reply> reply) {
    const auto found = pending_.find(id);
    if (found == pending_.end()) return false;
    const Callback callback = std::move(found->second);
    pending_.erase(found);
    callback(std::move(reply));
    return true;
  }

  void Cancel(uint64_t id) { pending_.erase(id); }

  // Answers those with an id below `first_kept` with `status`, but none that
  // the callbacks add.
  void FailOlder(uint64_t first_kept, const absl::Status& status) {
    std::vector<uint64_t> ids;
    for (const auto& [id, callback] : pending_) {
      if (id < first_kept) ids.push_back(id);
    }
    for (const uint64_t id : ids) Answer(id, status);
  }
  void FailAll(const absl::Status& status) { FailOlder(next_id_, status); }

 private:
  struct Deadline {
    uint64_t id;
    int64_t at_nanos;
  };

  void Expire() {
    while (!order_.empty()) {
      const Deadline oldest = order_.front();
      const int64_t left = oldest.at_nanos - loop_.now_nanos();
      if (pending_.contains(oldest.id) && left > 0) {
        timer_.Start(absl::Nanoseconds(left));
        return;
      }
      order_.pop_front();
      Answer(oldest.id, absl::DeadlineExceededError("no answer in time"));
    }
  }

  Loop& loop_;
  const absl::Duration timeout_;
  Timer timer_;
  absl::flat_hash_map<uint64_t, Callback> pending_;
  // Answered ones stay until they are the oldest.
  std::deque<Deadline> order_;
  uint64_t next_id_ = 1;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_NET_REQUEST_TABLE_H_
