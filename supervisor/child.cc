#include "supervisor/child.h"

#include <signal.h>

#include "common/base/status_macros.h"

namespace holt::supervisor {
namespace {

constexpr int64_t kHangNanos = 2'000'000'000;
// Opening a large ledger takes its time; a program that never gets ready does
// not keep the others waiting for ever.
constexpr int64_t kStartNanos = 30'000'000'000;

}  // namespace

absl::StatusOr<std::unique_ptr<Child>> Child::Create(Role role, uint16_t slot) {
  std::unique_ptr<Child> child(new Child(role, slot));
  ASSIGN_OR_RETURN(child->counters_fd_,
                   MakeSharedMemory("holt-counters", kCountersSize));
  ASSIGN_OR_RETURN(child->counters_read_only_,
                   ReopenReadOnly(child->counters_fd_.get()));
  ASSIGN_OR_RETURN(child->mapping_,
                   Mapping::Map(child->counters_fd_.get(), kCountersSize,
                                Mapping::Access::kReadOnly));
  return child;
}

bool Child::ready() const {
  if (!running()) return false;
  return role_ == Role::kManaged || session_->ready();
}

void Child::Began(pid_t pid, FrameChannel channel,
                  std::shared_ptr<const TlsIdentities> identities,
                  int64_t now) {
  pid_ = pid;
  began_nanos_ = now;
  channel_ = std::move(channel);
  session_.emplace(role_, std::move(identities));
  heartbeat_nanos_ = 0;
}

void Child::Ended(int64_t now) {
  const int64_t began = running() ? began_nanos_ : now;
  due_nanos_ = now + absl::ToInt64Nanoseconds(
                         policy_.AfterExit(absl::Nanoseconds(now - began)));
  ++ends_;
  pid_ = 0;
  channel_.Close();
  session_.reset();
}

bool Child::DueAt(int64_t now) const {
  return wanted_ && !running() && now >= due_nanos_;
}

std::optional<int64_t> Child::due_nanos() const {
  if (!wanted_ || running()) return std::nullopt;
  return due_nanos_;
}

bool Child::HangsAt(int64_t now) {
  if (role_ == Role::kManaged || !ready()) return false;
  const uint64_t beat = counters().heartbeat.load(std::memory_order_relaxed);
  if (heartbeat_nanos_ == 0 || beat != heartbeat_) {
    heartbeat_ = beat;
    heartbeat_nanos_ = now;
    return false;
  }
  return now - heartbeat_nanos_ >= kHangNanos;
}

bool Child::StartTimedOut(int64_t now) const {
  return running() && !ready() && now - began_nanos_ >= kStartNanos;
}

void Child::Signal(int number) const {
  if (running()) ::kill(pid_, number);
}

}  // namespace holt::supervisor
