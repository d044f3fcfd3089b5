// The two gRPC servers of the admin-service: one that only couriers reach, one
// for operators. Neither listens: every connection is a descriptor that came
// from the supervisor or from OperatorListener, so who is at the other end is
// known before gRPC sees it. Runs in the admin-service.
#ifndef HOLT_ADMIN_SERVICE_RPC_SERVERS_H_
#define HOLT_ADMIN_SERVICE_RPC_SERVERS_H_

#include <grpcpp/impl/codegen/service_type.h>
#include <grpcpp/server.h>

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/unique_fd.h"

namespace holt::admin {

// Before anything else of gRPC: its own log may quote what peers sent, so its
// text is dropped and errors are only counted in our log.
void SilenceGrpc();

class Servers {
 public:
  // The services outlive it. Health and reflection come with the operators'.
  static absl::StatusOr<std::unique_ptr<Servers>> Start(
      absl::Span<grpc::Service* const> courier_services,
      absl::Span<grpc::Service* const> operator_services);
  ~Servers();

  // Serves a connected stream socket.
  void AddCourier(UniqueFd connection);
  void AddOperator(UniqueFd connection);

  // What grpc.health.v1 says.
  void SetServing(bool serving);
  // Calls that run may finish until the deadline, then they are cancelled.
  void Shutdown(absl::Duration deadline);

 private:
  Servers(std::unique_ptr<grpc::Server> couriers,
          std::unique_ptr<grpc::Server> operators)
      : couriers_(std::move(couriers)), operators_(std::move(operators)) {}
  const std::unique_ptr<grpc::Server> couriers_;
  const std::unique_ptr<grpc::Server> operators_;
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_RPC_SERVERS_H_
