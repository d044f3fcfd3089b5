// The supervisor of one node: starts its children, watches them, answers their
// requests through the broker, restarts what ends, and takes everything down at
// the end. One thread, one loop around poll(2), which never waits for a child.
// Everything a child sends or writes is hostile; the worst it may cause is its
// own end.
//
//   kServing -> kDraining    SIGTERM or SIGINT: workers finish what runs
//            -> kReporting   no worker is left: the courier reports the rest
//            -> kEnding      everybody is told to end, then made to
//            -> kDone
//
// A second signal, or a failure that leaves nothing to serve, goes to kEnding
// straight away.
#ifndef HOLT_SUPERVISOR_SUPERVISOR_H_
#define HOLT_SUPERVISOR_SUPERVISOR_H_

#include <poll.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/base/unique_fd.h"
#include "supervisor/broker/broker.h"
#include "supervisor/child_set.h"
#include "supervisor/introducer.h"
#include "supervisor/keys_file_watch.h"
#include "supervisor/managed_program.h"
#include "supervisor/node_resources.h"
#include "supervisor/rolling_restart.h"

namespace holt::supervisor {

class Supervisor {
 public:
  // What it works with; all of it outlives the supervisor.
  struct Parts {
    NodeResources& node;
    Vault& vault;
    const SecretBytes& environment_credential;
    const Clock& clock;
    // Called once, when every child serves for the first time.
    std::function<void()> on_ready;
    // Programs to run beside our own, with the process id of one that runs
    // already (0: none).
    std::vector<std::pair<ManagedProgram, pid_t>> managed;
  };
  // Blocks the signals it will read; starts nothing yet.
  static absl::StatusOr<std::unique_ptr<Supervisor>> Create(Parts parts);

  // Starts everything and returns the exit code when everything has ended: 0
  // after a signal, 1 after a failure that it has told on standard error.
  int Run();

 private:
  enum class Phase { kServing, kDraining, kReporting, kEnding, kDone };

  Supervisor(Parts parts, ChildSet children, UniqueFd signals);

  // One turn of the loop.
  void WaitForEvents();
  void ReadSignals();
  void ReadFrames(Child& child);
  void ReapChildren();
  void Maintain(int64_t now);

  // Children.
  void StartDueChildren(int64_t now);
  absl::Status StartChild(Child& child, int64_t now);
  absl::Status StartOwn(Child& child, int64_t now);
  void OnEnded(Child& child, int wait_status, int64_t now);
  void CheckHealth(int64_t now);
  void EndMisbehaving(Child& child, const absl::Status& cause);

  // While it serves.
  void Announce();
  void Reload();
  void AdvanceRollingRestart();
  void WatchKeysFile(int64_t now);
  void RotateTicketKeys();
  void ForEachWorker(const std::function<absl::Status(Child&)>& tell);

  // The end.
  void OnEndSignal();
  void Fail(const std::string& sentence);
  void EnterPhase(Phase phase, int64_t now);
  void BeginDraining();
  void BeginReporting();
  void BeginEnding();
  void AdvanceShutdown(int64_t now);
  bool AnyRunning(const std::function<bool(const Child&)>& counts);

  Parts parts_;
  NodeResources& node_;
  Broker broker_;
  ChildSet children_;
  Introducer introducer_;
  RollingRestart rolling_;
  KeysFileWatch keys_file_;
  UniqueFd signals_;

  Phase phase_ = Phase::kServing;
  int64_t phase_deadline_ = 0;
  int64_t end_asked_ = 0;  // when the first signal to end came
  bool announced_ = false;
  int exit_code_ = 0;
  int64_t keys_file_looked_ = 0;
  std::vector<pollfd> polled_;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_SUPERVISOR_H_
