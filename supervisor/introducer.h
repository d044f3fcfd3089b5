// Makes children known to one another: whenever one starts, the descriptors it
// shares with others are made and handed to both sides (docs/protocol). Nobody
// can ask for an introduction, and a pair is never handed out twice. Supervisor
// only.
#ifndef HOLT_SUPERVISOR_INTRODUCER_H_
#define HOLT_SUPERVISOR_INTRODUCER_H_

#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "common/ipc/frames.h"
#include "supervisor/child_set.h"
#include "supervisor/keys_file_watch.h"
#include "supervisor/node_resources.h"

namespace holt::supervisor {

class Introducer {
 public:
  // Both outlive it.
  Introducer(ChildSet& children, NodeResources& node)
      : children_(children), node_(node) {}

  // `child` was just started. A peer that does not take its half is ended by
  // SIGKILL and introduced again after its restart.
  absl::Status OnStarted(Child& child);
  // `worker` just ended; if for good, the courier learns that its journal is an
  // orphan.
  void WorkerEnded(const Child& worker);
  // Tells the admin-service about the operator's keys file.
  void TellKeysFile(KeysFileWatch::Seen seen, int file);

 private:
  absl::Status ConnectWorker(Child& worker);
  absl::Status ConnectCourier();
  void TellCourierAll();
  void TellJournal(uint16_t slot, int fd, bool orphan);
  void TellCounters(Child& child);
  void Tell(Child& child, const Introduce& introduction, int fd);

  ChildSet& children_;
  NodeResources& node_;
  // What the courier that runs now was told.
  std::map<uint16_t, bool> told_journals_;  // slot -> as an orphan
  std::set<std::pair<Role, uint16_t>> told_counters_;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_INTRODUCER_H_
