// Accepts the connections of holtctl and admin tooling on the Unix socket that
// the supervisor opened, on a thread of its own. Runs in the admin-service. The
// kernel says which user connects (SO_PEERCRED); one that may not is closed
// before a byte of it is read.
#ifndef HOLT_ADMIN_SERVICE_RPC_OPERATOR_LISTENER_H_
#define HOLT_ADMIN_SERVICE_RPC_OPERATOR_LISTENER_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <set>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"

namespace holt::admin {

class OperatorListener {
 public:
  // Gets a connection of a user that may call; runs on the listener's thread.
  using Accepted = std::function<void(UniqueFd connection, uid_t uid)>;

  // Starts to accept. `socket` is a listening Unix stream socket.
  static absl::StatusOr<std::unique_ptr<OperatorListener>> Start(
      UniqueFd socket, std::set<uid_t> permitted, Accepted accepted);
  // Stops and waits for the thread.
  ~OperatorListener();

 private:
  OperatorListener(UniqueFd socket, UniqueFd stop, std::set<uid_t> permitted,
                   Accepted accepted)
      : socket_(std::move(socket)),
        stop_(std::move(stop)),
        permitted_(std::move(permitted)),
        accepted_(std::move(accepted)) {}
  void Run();
  void AcceptOne();
  // True when it is time to stop; waits up to `timeout_ms` (-1: for ever).
  bool Stopped(int timeout_ms);

  const UniqueFd socket_;
  const UniqueFd stop_;  // an eventfd
  const std::set<uid_t> permitted_;
  const Accepted accepted_;
  std::thread thread_;
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_RPC_OPERATOR_LISTENER_H_
