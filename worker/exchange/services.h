// What every exchange of a worker uses. Owned by main, outlives all sessions.
#ifndef HOLT_WORKER_EXCHANGE_SERVICES_H_
#define HOLT_WORKER_EXCHANGE_SERVICES_H_

#include "common/base/clock.h"
#include "common/event/loop.h"
#include "common/ipc/counters.h"
#include "common/ipc/settings.h"
#include "common/ipc/usage_journal.h"
#include "worker/admit/admitter.h"
#include "worker/net/buffer.h"
#include "worker/upstream/credential_store.h"
#include "worker/upstream/upstream_pool.h"

namespace holt::worker {

struct Services {
  Loop& loop;
  BufferPool& buffers;
  const WorkerSettings& settings;
  const Clock& clock;
  Admitter& admitter;
  UpstreamPool& upstreams;
  const CredentialStore& credentials;
  JournalWriter& journal;
  ChildCounters& counters;
  // The supervisor asked to finish: connections end with their request.
  bool draining = false;
};

// Little memory for traffic is left: new requests are refused so that those
// under way can finish.
inline bool IsOverloaded(const BufferPool& buffers) {
  return buffers.used_bytes() > buffers.max_bytes() - buffers.max_bytes() / 8;
}

inline void Count(std::atomic<uint64_t>& counter, uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace holt::worker

#endif  // HOLT_WORKER_EXCHANGE_SERVICES_H_
