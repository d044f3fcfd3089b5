// Names to addresses, without waiting, on the loop: c-ares driven by our
// events. Connector. Answers come from the network and are hostile: they decide
// where TLS is spoken to, never whom it is spoken with.
#ifndef HOLT_WORKER_CONNECTOR_RESOLVER_H_
#define HOLT_WORKER_CONNECTOR_RESOLVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "common/event/loop.h"
#include "worker/connector/socket_address.h"

struct ares_channeldata;
struct ares_addrinfo;

namespace holt::worker {

class Resolver {
 public:
  using Addresses = std::vector<SocketAddress>;
  using Callback = std::function<void(absl::StatusOr<Addresses>)>;

  static absl::StatusOr<std::unique_ptr<Resolver>> Create(Loop& loop);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `callback` runs once: at once for a literal or a name of /etc/hosts, else
  // from the loop. Only addresses that may be dialled are given, at least one;
  // NotFound when there is none. The resolver must not be destroyed inside.
  void Resolve(const std::string& host, uint16_t port, Callback callback);

 private:
  struct Question;
  explicit Resolver(Loop& loop);
  static void OnSocketState(void* self, int fd, int readable, int writable);
  static void OnAnswer(void* question, int status, int timeouts,
                       ares_addrinfo* result);
  void Process(int fd, uint32_t ready);
  void RestartTimer();

  Loop& loop_;
  ares_channeldata* channel_ = nullptr;
  absl::flat_hash_map<int, std::unique_ptr<FdEvent>> sockets_;
  std::vector<std::unique_ptr<FdEvent>> closed_;  // until their turn is over
  Timer timer_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_CONNECTOR_RESOLVER_H_
