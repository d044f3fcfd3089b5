// The demo upstream's listening side: accepts on loopback, bounded in number.
#ifndef HOLT_TESTS_DEMO_UPSTREAM_SERVER_H_
#define HOLT_TESTS_DEMO_UPSTREAM_SERVER_H_

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"
#include "common/event/loop.h"
#include "tests/demo_upstream/connection.h"
#include "tests/demo_upstream/http_request.h"
#include "tests/demo_upstream/service.h"

namespace holt::demo {

class Server final : public Connection::Owner {
 public:
  // Listens on 127.0.0.1:`port`; 0 lets the system choose. `loop` and `service`
  // outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Create(Loop& loop,
                                                        Service& service,
                                                        uint16_t port);
  [[nodiscard]] uint16_t port() const { return port_; }

  void OnClosed(Connection& connection) override;

 private:
  Server(Loop& loop, Service& service, UniqueFd listener, uint16_t port);
  void Accept();

  Loop& loop_;
  Service& service_;
  UniqueFd listener_;
  uint16_t port_;
  BodyBudget budget_;
  FdEvent event_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
};

}  // namespace holt::demo

#endif  // HOLT_TESTS_DEMO_UPSTREAM_SERVER_H_
