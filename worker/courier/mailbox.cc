#include "worker/courier/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/base/unique_fd.h"

namespace holt::worker {

struct Mailbox::Box {
  explicit Box(UniqueFd event) : wake_up(std::move(event)) {}

  std::vector<std::function<void()>> Take(bool close) {
    absl::MutexLock lock(&mutex);
    closed = closed || close;
    return std::exchange(calls, {});
  }

  const UniqueFd wake_up;
  absl::Mutex mutex;
  std::vector<std::function<void()>> calls ABSL_GUARDED_BY(mutex);
  bool closed ABSL_GUARDED_BY(mutex) = false;
};

void Mailbox::Sender::Post(std::function<void()> call) const {
  absl::MutexLock lock(&box_->mutex);
  if (box_->closed) return;
  box_->calls.push_back(std::move(call));
  if (box_->calls.size() > 1) return;
  const uint64_t one = 1;
  HOLT_CHECK(::write(box_->wake_up.get(), &one, sizeof(one)) == sizeof(one));
}

absl::StatusOr<std::unique_ptr<Mailbox>> Mailbox::Create(Loop& loop) {
  UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.valid()) return ErrnoToStatus(errno, "making an event descriptor");
  return std::unique_ptr<Mailbox>(
      new Mailbox(loop, std::make_shared<Box>(std::move(event))));
}

Mailbox::Mailbox(Loop& loop, std::shared_ptr<Box> box)
    : box_(std::move(box)),
      readable_(loop, box_->wake_up.get(), [this](uint32_t) { Deliver(); }) {
  readable_.SetInterest(FdEvent::kRead);
}

Mailbox::~Mailbox() { box_->Take(/*close=*/true); }

void Mailbox::Deliver() {
  uint64_t count = 0;
  // Nothing to read: an earlier turn took the calls already.
  if (::read(box_->wake_up.get(), &count, sizeof(count)) < 0) return;
  for (const auto& call : box_->Take(/*close=*/false)) call();
}

}  // namespace holt::worker
