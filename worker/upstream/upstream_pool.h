// Keep-alive connections of one worker to the configured upstreams. An exchange
// acquires one, speaks one request over it, and gives it back; idle ones wait
// here and are dropped when the upstream closes them, sends a byte unasked, or
// their time is over. Worker; what comes from an upstream is hostile.
//
// Sockets are dialled by the connector (net/connector_client.h): the pool names
// an upstream by its index and cannot reach anything else.
#ifndef HOLT_WORKER_UPSTREAM_UPSTREAM_POOL_H_
#define HOLT_WORKER_UPSTREAM_UPSTREAM_POOL_H_

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/event/loop.h"
#include "common/ipc/counters.h"
#include "common/ipc/settings.h"
#include "worker/net/buffer.h"
#include "worker/net/connection.h"
#include "worker/net/connector_client.h"

namespace holt::worker {

class TlsClientContext;

// Output beyond this is drained before OnUpstreamDrained asks for more: whoever
// writes a long body hands over more than this at a time, and waits.
inline constexpr size_t kUpstreamHighMark = 128 * 1024;

// Who speaks over an acquired connection. Callbacks come from the loop.
class UpstreamHandler {
 public:
  virtual ~UpstreamHandler() = default;
  // connection().input() grew or its input ended.
  virtual void OnUpstreamInput() = 0;
  // The output fell below the low mark: more of a body may be written.
  virtual void OnUpstreamDrained() = 0;
  // It is gone; no more callbacks. Bytes that came before are in input().
  virtual void OnUpstreamClosed() = 0;
};

class UpstreamPool;

// One connection to an upstream. Whoever holds the pointer owns it and gives it
// back by UpstreamPool::Release, in any state.
class UpstreamConnection final : public ConnectionHandler, public Deletable {
 public:
  [[nodiscard]] Connection& connection() { return *connection_; }
  [[nodiscard]] uint16_t upstream() const { return upstream_; }
  // True when it served another request before: its upstream may be closing it
  // just now.
  [[nodiscard]] bool reused() const { return uses_ > 1; }
  void set_handler(UpstreamHandler* handler) { handler_ = handler; }

  void OnOpen() override;
  void OnInput() override;
  void OnDrained() override;
  void OnClosed(CloseReason reason) override;

 private:
  friend class UpstreamPool;
  UpstreamConnection(UpstreamPool& pool, uint16_t upstream)
      : pool_(pool), upstream_(upstream) {}

  UpstreamPool& pool_;
  const uint16_t upstream_;
  std::unique_ptr<Connection> connection_;
  UpstreamHandler* handler_ = nullptr;
  uint32_t uses_ = 0;
  int64_t idle_since_nanos_ = 0;
};

class UpstreamPool {
 public:
  // All outlive the pool.
  struct Services {
    Loop& loop;
    BufferPool& buffers;
    ConnectorClient& connector;
    TlsClientContext* tls;  // null when no upstream speaks TLS
    const WorkerSettings& settings;
    ChildCounters& counters;
  };
  explicit UpstreamPool(Services services);
  ~UpstreamPool();
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  using Acquired =
      std::function<void(absl::StatusOr<std::unique_ptr<UpstreamConnection>>)>;
  // An open connection to `upstream`: an idle one, or a new one. `acquired`
  // runs later, from the loop, once, unless cancelled. Errors: Unavailable (not
  // reachable), DeadlineExceeded, ResourceExhausted (too many are waiting).
  uint64_t Acquire(uint16_t upstream, Acquired acquired);
  void Cancel(uint64_t request);

  // Takes a connection back. `reusable`: its last response was complete to the
  // byte and neither side asked to close.
  void Release(std::unique_ptr<UpstreamConnection> connection, bool reusable);

 private:
  friend class UpstreamConnection;

  struct Waiter {
    uint64_t request = 0;
    Acquired acquired;
  };
  struct Upstream {
    std::vector<std::unique_ptr<UpstreamConnection>> idle;  // last is freshest
    std::list<Waiter> waiters;
    uint32_t open = 0;     // idle, in use and opening
    uint32_t opening = 0;  // dials and handshakes under way
    std::list<std::unique_ptr<UpstreamConnection>> shaking;  // TLS handshakes
  };

  void Serve(uint16_t upstream);
  void ServeLater(uint16_t upstream);
  void Dial(uint16_t upstream);
  void OnDialled(uint16_t upstream, absl::StatusOr<UniqueFd> socket);
  void OnOpened(UpstreamConnection& connection);
  void OnOpeningFailed(uint16_t upstream, const absl::Status& status);
  void OnIdleEvent(UpstreamConnection& connection);
  void Drop(std::unique_ptr<UpstreamConnection> connection);
  void DropExpired();

  Services services_;
  std::vector<Upstream> upstreams_;
  uint64_t next_request_ = 1;
  Timer expiry_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_UPSTREAM_UPSTREAM_POOL_H_
