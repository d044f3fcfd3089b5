// What a child tells about itself: one page of atomics that it alone writes
// (its supervisor and the courier read it). Layout 1. Readers treat every value
// as hostile: they are numbers to show or to compare for change, nothing more.
#ifndef HOLT_COMMON_IPC_COUNTERS_H_
#define HOLT_COMMON_IPC_COUNTERS_H_

#include <atomic>
#include <cstdint>

namespace holt {

struct ChildCounters {
  // Grows at least every 250 ms while the loop turns; two seconds without
  // change and the supervisor kills the child.
  std::atomic<uint64_t> heartbeat;
  // 1 + the number of the system call that the sandbox refused, written by a
  // child that was told to name it before it dies; else 0.
  std::atomic<uint64_t> forbidden_call;

  // Worker only from here on.
  std::atomic<uint64_t> connections_accepted;
  std::atomic<uint64_t> connections_open;
  std::atomic<uint64_t> handshakes_completed;
  std::atomic<uint64_t> handshakes_failed;
  std::atomic<uint64_t> handshakes_resumed;
  std::atomic<uint64_t> requests_started;
  std::atomic<uint64_t> requests_finished;
  std::atomic<uint64_t> requests_refused;  // answered by Holt itself with a 4xx
  std::atomic<uint64_t>
      requests_failed;  // answered by Holt itself with a 5xx, or cut
  std::atomic<uint64_t> requests_aborted;  // the client went away
  std::atomic<uint64_t> upstream_dials;
  std::atomic<uint64_t> upstream_dials_failed;
  std::atomic<uint64_t> upstream_reused;
  std::atomic<uint64_t> stream_chunks;  // pieces relayed of event streams
  std::atomic<uint64_t>
      reads_paused;  // back-pressure: times reading was stopped
  std::atomic<uint64_t> buffered_bytes;  // in chunk buffers now
  std::atomic<uint64_t> journal_full;    // requests refused for that
};

static_assert(std::atomic<uint64_t>::is_always_lock_free);
inline constexpr uint64_t kCountersSize = 4096;
static_assert(sizeof(ChildCounters) <= kCountersSize);

}  // namespace holt

#endif  // HOLT_COMMON_IPC_COUNTERS_H_
