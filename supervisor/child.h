// One child slot: the process that runs in it now, if one does, and what is
// kept over its restarts (its page of counters, its restart policy). Supervisor
// only; all that comes from the process is hostile.
#ifndef HOLT_SUPERVISOR_CHILD_H_
#define HOLT_SUPERVISOR_CHILD_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/unique_fd.h"
#include "common/ipc/counters.h"
#include "common/ipc/frame_channel.h"
#include "common/ipc/shared_memory.h"
#include "supervisor/broker/child_session.h"
#include "supervisor/restart_policy.h"

namespace holt::supervisor {

class Child {
 public:
  // An empty slot with its page of counters.
  static absl::StatusOr<std::unique_ptr<Child>> Create(Role role,
                                                       uint16_t slot);

  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] uint16_t slot() const { return slot_; }
  [[nodiscard]] int counters_fd() const { return counters_fd_.get(); }
  [[nodiscard]] int counters_read_only_fd() const {
    return counters_read_only_.get();
  }
  [[nodiscard]] uint64_t forbidden_call() const {
    return counters().forbidden_call.load(std::memory_order_relaxed);
  }

  // The slot is to have a process: it is started again when it ends.
  [[nodiscard]] bool wanted() const { return wanted_; }
  void SetWanted(bool wanted) { wanted_ = wanted; }

  [[nodiscard]] bool running() const { return pid_ > 0; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // It has said that it serves. A program that is not ours is believed to.
  [[nodiscard]] bool ready() const;
  [[nodiscard]] FrameChannel& channel() { return channel_; }
  [[nodiscard]] ChildSession& session() { return *session_; }

  // A process was started in the slot; `channel` is invalid and `identities`
  // null where the role has none.
  void Began(pid_t pid, FrameChannel channel,
             std::shared_ptr<const TlsIdentities> identities, int64_t now);
  // Its process was reaped (or could not be started): when to start the next is
  // decided here.
  void Ended(int64_t now);
  // How often it ended since the supervisor started.
  [[nodiscard]] uint32_t ends() const { return ends_; }
  [[nodiscard]] bool gave_up() const { return policy_.gave_up(); }
  // Wanted, empty, and its time has come.
  [[nodiscard]] bool DueAt(int64_t now) const;
  // When to ask DueAt again, if it is wanted and empty.
  [[nodiscard]] std::optional<int64_t> due_nanos() const;

  // Its loop did not turn for two seconds (asked of ready children only: a
  // start may take longer). Call it at least twice a second.
  bool HangsAt(int64_t now);
  // It runs and has not become ready in the time a start may take.
  [[nodiscard]] bool StartTimedOut(int64_t now) const;

  // Does nothing to an empty slot.
  void Signal(int number) const;

 private:
  Child(Role role, uint16_t slot) : role_(role), slot_(slot) {}
  [[nodiscard]] const ChildCounters& counters() const {
    return *reinterpret_cast<const ChildCounters*>(mapping_.data());
  }

  const Role role_;
  const uint16_t slot_;
  UniqueFd counters_fd_;
  UniqueFd counters_read_only_;
  Mapping mapping_;

  bool wanted_ = false;
  RestartPolicy policy_;
  uint32_t ends_ = 0;
  int64_t due_nanos_ = 0;

  pid_t pid_ = 0;
  int64_t began_nanos_ = 0;
  FrameChannel channel_;
  std::optional<ChildSession> session_;
  uint64_t heartbeat_ = 0;
  int64_t heartbeat_nanos_ = 0;  // when it last changed; 0: not looked at yet
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_CHILD_H_
