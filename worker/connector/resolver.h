// Addresses of the configured upstreams' names, by c-ares on the loop, kept for
// a while. Connector. Answers of name servers are hostile; what may be
// connected to is checked here (socket_address.h).
#ifndef HOLT_WORKER_CONNECTOR_RESOLVER_H_
#define HOLT_WORKER_CONNECTOR_RESOLVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/event/loop.h"
#include "worker/connector/socket_address.h"

struct ares_addrinfo;
struct ares_channeldata;

namespace holt::worker {

class Resolver {
 public:
  // Empty when there is no address that may be used.
  using Callback = std::function<void(std::vector<SocketAddress>)>;

  // Reads how the machine resolves names (resolv.conf, hosts). An answer is
  // used for `interval`. The loop outlives the resolver.
  static absl::StatusOr<std::unique_ptr<Resolver>> Create(
      Loop& loop, absl::Duration interval);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // The addresses of `host`, the best first, with `port`. `callback` runs once,
  // possibly inside this call (literals and kept answers). An old answer is
  // used when no new one can be had.
  void Resolve(const std::string& host, uint16_t port, Callback callback);

 private:
  struct Waiter {
    uint16_t port;
    Callback callback;
  };
  struct Name {
    std::vector<SocketAddress> addresses;  // port 0
    int64_t fresh_until_nanos = 0;
    std::vector<Waiter> waiters;
  };
  struct Socket;
  struct Question;

  Resolver(Loop& loop, absl::Duration interval);
  absl::Status Open();
  void Ask(const std::string& host);
  static void OnAnswer(void* question, int status, int timeouts,
                       ares_addrinfo* result);
  void Keep(const std::string& host, const ares_addrinfo* result);
  void Answer(Name& name);
  static void OnSocketState(void* self, int fd, int readable, int writable);
  void WatchSocket(int fd, uint32_t interest);
  void OnSocketReady(int fd, uint32_t ready);
  void RestartTimer();

  Loop& loop_;
  const absl::Duration interval_;
  ares_channeldata* channel_ = nullptr;
  Timer timer_;
  std::map<int, std::unique_ptr<Socket>> sockets_;
  std::map<std::string, Name> names_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_CONNECTOR_RESOLVER_H_
