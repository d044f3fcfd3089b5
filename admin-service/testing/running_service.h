// An AdminService with a ledger in a folder of its own, reached over socket
// pairs and a Unix socket as couriers and operators reach it. Tests only.
//
// It makes that folder the working directory of the test, as the supervisor
// does for the real process: one at a time.
#ifndef HOLT_ADMIN_SERVICE_TESTING_RUNNING_SERVICE_H_
#define HOLT_ADMIN_SERVICE_TESTING_RUNNING_SERVICE_H_

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "admin-service/service.h"
#include "common/base/clock.h"
#include "common/base/unique_fd.h"
#include "proto/holt/config/v1/config.pb.h"

namespace holt::admin {

class RunningService {
 public:
  // Settings that fit a test: this user may call, one price for all models.
  static config::v1::AdminServiceSettings DefaultSettings();

  explicit RunningService(
      config::v1::AdminServiceSettings settings = DefaultSettings());
  ~RunningService();

  // Ends the service and starts it again on the same ledger.
  void Restart();

  // A courier's end of a new pair, as a channel.
  std::shared_ptr<grpc::Channel> ConnectCourier();
  // An operator's connection through the Unix socket.
  std::shared_ptr<grpc::Channel> ConnectOperator();
  // The raw connected socket of an operator.
  UniqueFd DialOperator();
  // Hands in a keys file with these contents.
  absl::Status ReloadKeysFile(const std::string& contents);

  AdminService& service() { return *service_; }
  FakeClock& clock() { return clock_; }
  [[nodiscard]] std::string socket_path() const;
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  void Start();

  const config::v1::AdminServiceSettings settings_;
  std::string folder_;
  FakeClock clock_;
  std::unique_ptr<AdminService> service_;
};

// A channel over a connected stream socket.
std::shared_ptr<grpc::Channel> ChannelOf(UniqueFd connection);

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_TESTING_RUNNING_SERVICE_H_
