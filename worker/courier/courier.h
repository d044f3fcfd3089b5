// The courier as one object: it brings keys and settings from the admin-service
// into the shared table, and usage from the journals to the admin-service, so
// that no worker needs to speak gRPC (docs/protocol/courier.md).
//
// Runs in holt-courier, all on the loop's thread. It sees usage records, key
// digests and policies; never content, a private key, or a socket of its own
// choice. It may be killed at any moment: what it knows is in the table, the
// journals and the ledger.
//
// Hostile: journals and counters (workers write them). The supervisor is
// trusted; a frame of its that makes no sense ends the courier all the same.
#ifndef HOLT_WORKER_COURIER_COURIER_H_
#define HOLT_WORKER_COURIER_COURIER_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/base/unique_fd.h"
#include "common/event/loop.h"
#include "common/ipc/frame_channel.h"
#include "common/ipc/key_table.h"
#include "common/ipc/settings.h"
#include "worker/courier/admin_client.h"
#include "worker/courier/key_sync.h"
#include "worker/courier/key_watcher.h"
#include "worker/courier/mailbox.h"
#include "worker/courier/node_reporter.h"
#include "worker/courier/usage_reporter.h"

namespace holt::worker {

class Courier {
 public:
  struct Options {
    UniqueFd supervisor;  // the frame channel
    int key_table_fd = -1;
    uint32_t max_keys = kDefaultMaxKeys;
    CourierSettings settings{};
  };
  // Loop and clock outlive it. Says Ready as soon as workers have a whole key
  // table; stops the loop when it is drained or the supervisor is gone.
  static absl::StatusOr<std::unique_ptr<Courier>> Create(Options options,
                                                         Loop& loop,
                                                         const Clock& clock);

  // Why the loop was stopped: OK after a drain.
  [[nodiscard]] const absl::Status& result() const { return result_; }

 private:
  Courier(Options& options, KeyTableWriter table,
          std::unique_ptr<Mailbox> mailbox, Loop& loop, const Clock& clock);

  // Introductions and the drain, a bounded number per turn.
  void OnFrames();
  absl::Status HandleFrame(ReceivedFrame& frame);
  absl::Status HandleIntroduce(ReceivedFrame& frame);
  // In place of the channel before, with all that was under way on it.
  void UseAdminChannel(UniqueFd socket);
  void UseJournal(const Introduce& introduce, int fd);
  void SetClient(AdminClient* client);
  void BeginDrain(absl::Duration deadline);
  void SayReady();
  void Stop(absl::Status result);

  // Destroyed from below: the client first, whose calls refer to all others.
  Loop& loop_;
  FrameChannel supervisor_;
  FdEvent supervisor_readable_;
  KeyTableWriter table_;
  KeySync sync_;
  std::unique_ptr<Mailbox> mailbox_;
  UsageReporter usage_;
  NodeReporter node_;
  KeyWatcher keys_;
  std::unique_ptr<AdminClient> client_;
  bool ready_ = false;  // said so
  Timer drain_deadline_;
  absl::Status result_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_COURIER_COURIER_H_
