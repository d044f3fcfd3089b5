// How gRPC's threads reach the courier's loop: they post calls, the loop makes
// them. All state of the courier belongs to the loop's thread; this is the one
// place where threads meet (but for the counting at the end of a call,
// admin_client.cc). Courier only. An event descriptor wakes the loop; it is
// written once for all calls that are waiting, so a flood of them costs the
// loop one turn. What is bounded elsewhere needs no bound here: one step of the
// key stream and one call of each kind are under way at a time.
#ifndef HOLT_WORKER_COURIER_MAILBOX_H_
#define HOLT_WORKER_COURIER_MAILBOX_H_

#include <functional>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "common/event/loop.h"

namespace holt::worker {

class Mailbox {
 private:
  struct Box;

 public:
  // For other threads. Shared with the mailbox, since a thread of gRPC may be
  // inside Post while the courier ends.
  class Sender {
   public:
    // Has the loop call `call` soon, in the order of posting; never when the
    // mailbox is gone before that.
    void Post(std::function<void()> call) const;

   private:
    friend class Mailbox;
    explicit Sender(std::shared_ptr<Box> box) : box_(std::move(box)) {}
    std::shared_ptr<Box> box_;
  };

  // The loop outlives it.
  static absl::StatusOr<std::unique_ptr<Mailbox>> Create(Loop& loop);
  // Drops the calls that are left.
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  [[nodiscard]] Sender sender() const { return Sender(box_); }

 private:
  Mailbox(Loop& loop, std::shared_ptr<Box> box);
  void Deliver();
  std::shared_ptr<Box> box_;
  FdEvent readable_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_COURIER_MAILBOX_H_
