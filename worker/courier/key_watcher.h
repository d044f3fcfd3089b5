// Keeps a stream of key changes running: starts it anew when it ends, breaks
// the rules, falls silent, or lags behind what the admin-service says when it
// is asked. Courier only, on its loop's thread.
#ifndef HOLT_WORKER_COURIER_KEY_WATCHER_H_
#define HOLT_WORKER_COURIER_KEY_WATCHER_H_

#include <cstdint>
#include <functional>

#include "absl/time/time.h"
#include "common/event/loop.h"
#include "worker/courier/admin_client.h"
#include "worker/courier/key_sync.h"

namespace holt::worker {

class KeyWatcher final : public KeyWatchEvents {
 public:
  // Asks for the epoch every `poll_interval`; calls `on_change` when workers
  // have something new: the first whole table, a key, settings. Loop and sync
  // outlive it.
  KeyWatcher(Loop& loop, KeySync& sync, absl::Duration poll_interval,
             std::function<void()> on_change);

  // The client to watch by, or null: none now. Outlives its use here.
  void SetClient(AdminClient* client);

  void OnChange(const internal::v1::KeyTableChange& change) override;
  void OnWatchEnd() override;

 private:
  void Start();
  // Ends the stream that runs, if any, and begins another after a pause that
  // doubles up to two seconds.
  void StartLater();
  void Poll();
  // What the admin-service answered.
  void OnEpoch(uint64_t epoch);

  KeySync& sync_;
  const absl::Duration poll_interval_;
  const std::function<void()> on_change_;
  AdminClient* client_ = nullptr;
  bool asking_ = false;
  // What the admin-service said last; the stream has until the next answer to
  // get there.
  uint64_t announced_epoch_ = 0;
  // Something but heartbeats came since then.
  bool progressed_ = false;
  absl::Duration back_off_;
  Timer start_timer_;
  Timer silence_timer_;
  Timer poll_timer_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_COURIER_KEY_WATCHER_H_
