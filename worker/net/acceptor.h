// Takes new connections off the listening socket that all workers share. The
// socket belongs to the supervisor and is never closed or changed here. Clients
// are hostile: connections are bounded in number, per address, and per address
// again while they have not shaken hands; what is over a bound is reset.
#ifndef HOLT_WORKER_NET_ACCEPTOR_H_
#define HOLT_WORKER_NET_ACCEPTOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/base/unique_fd.h"
#include "common/event/loop.h"
#include "worker/net/peer_address.h"

namespace holt::worker {

struct AcceptorOptions {
  uint32_t max_connections = 4096;
  uint32_t max_connections_per_address = 256;
  // A team behind one address opens its connections together: four times the 32
  // that a single client would ever need.
  uint32_t max_handshakes_per_address = 128;
  // Accepted in one turn, so that a flood does not stop the loop.
  uint32_t share = 32;
};

class Acceptor;

// A connection's place within the bounds; giving it up frees the place. Held by
// whoever owns the connection, for as long as the socket is open. The acceptor
// outlives it.
class ConnectionSlot {
 public:
  ConnectionSlot() = default;
  ConnectionSlot(ConnectionSlot&& other) noexcept { *this = std::move(other); }
  ConnectionSlot& operator=(ConnectionSlot&& other) noexcept;
  ConnectionSlot(const ConnectionSlot&) = delete;
  ConnectionSlot& operator=(const ConnectionSlot&) = delete;
  ~ConnectionSlot() { Release(); }

  // The handshake is complete: no longer counted among those under way.
  void Established();

 private:
  friend class Acceptor;
  ConnectionSlot(Acceptor& acceptor, const PeerAddress::Bytes& key)
      : acceptor_(&acceptor), key_(key), shaking_(true) {}
  void Release();

  Acceptor* acceptor_ = nullptr;
  PeerAddress::Bytes key_{};
  bool shaking_ = false;
};

// A new connection: non-blocking, close-on-exec, TCP_NODELAY.
struct AcceptedConnection {
  UniqueFd socket;
  PeerAddress peer;
  ConnectionSlot slot;
};

class Acceptor {
 public:
  using Callback = std::function<void(AcceptedConnection)>;

  // Starts to accept. `listener` is borrowed; loop and listener outlive it.
  Acceptor(Loop& loop, int listener, const AcceptorOptions& options,
           Callback callback);

  // Accepts no more, for good: the worker drains.
  void Pause();

  [[nodiscard]] uint64_t accepted() const { return accepted_; }
  // Reset because their address had its share.
  [[nodiscard]] uint64_t refused() const { return refused_; }
  [[nodiscard]] uint32_t open() const { return open_; }

 private:
  friend class ConnectionSlot;
  struct PerAddress {
    uint32_t open = 0;
    uint32_t shaking = 0;
  };

  void OnReady();
  // False when the queue is empty or no descriptor is left.
  bool AcceptOne();
  void Admit(UniqueFd socket, const PeerAddress& peer);
  void Free(const PeerAddress::Bytes& key, bool shaking);
  void EndHandshake(const PeerAddress::Bytes& key);
  void UpdateInterest();

  const int listener_;
  const AcceptorOptions options_;
  Callback callback_;
  FdEvent event_;
  // After descriptors ran out: when to try again.
  Timer retry_;
  absl::flat_hash_map<PeerAddress::Bytes, PerAddress> addresses_;
  uint32_t open_ = 0;
  uint64_t accepted_ = 0;
  uint64_t refused_ = 0;
  bool paused_ = false;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_NET_ACCEPTOR_H_
