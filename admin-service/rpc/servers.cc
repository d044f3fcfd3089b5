#include "admin-service/rpc/servers.h"

#include <fcntl.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_posix.h>

#include "common/base/clock.h"
#include "common/base/log.h"

namespace holt::admin {
namespace {

constexpr int kMaxMessageSize = 4 * 1024 * 1024;
constexpr int kMaxStreams = 32;
constexpr int kMaxThreads = 16;

void DropText(gpr_log_func_args* line) {
  if (line->severity == GPR_LOG_SEVERITY_ERROR) {
    Log(Severity::kWarning, "grpc_error").Number("line", line->line);
  }
}

std::unique_ptr<grpc::Server> Build(absl::Span<grpc::Service* const> services,
                                    const char* name) {
  grpc::ServerBuilder builder;
  for (grpc::Service* service : services) builder.RegisterService(service);
  builder.SetMaxReceiveMessageSize(kMaxMessageSize);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
  builder.SetResourceQuota(
      grpc::ResourceQuota(name).SetMaxThreads(kMaxThreads));
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  return builder.BuildAndStart();
}

void Add(grpc::Server& server, UniqueFd connection) {
  const int flags = ::fcntl(connection.get(), F_GETFL);
  if (flags < 0 ||
      ::fcntl(connection.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    Log(Severity::kError, "connection_not_served");
    return;
  }
  grpc::AddInsecureChannelFromFd(&server, connection.release());
}

}  // namespace

void SilenceGrpc() { gpr_set_log_function(DropText); }

absl::StatusOr<std::unique_ptr<Servers>> Servers::Start(
    absl::Span<grpc::Service* const> courier_services,
    absl::Span<grpc::Service* const> operator_services) {
  // Health and reflection are switched on for every server built from here on:
  // the couriers' comes first.
  std::unique_ptr<grpc::Server> couriers = Build(courier_services, "couriers");
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  std::unique_ptr<grpc::Server> operators =
      Build(operator_services, "operators");
  if (couriers == nullptr || operators == nullptr) {
    return absl::InternalError("gRPC could not start");
  }
  std::unique_ptr<Servers> servers(
      new Servers(std::move(couriers), std::move(operators)));
  servers->SetServing(true);
  return servers;
}

Servers::~Servers() { Shutdown(absl::ZeroDuration()); }

void Servers::AddCourier(UniqueFd connection) {
  Add(*couriers_, std::move(connection));
}

void Servers::AddOperator(UniqueFd connection) {
  Add(*operators_, std::move(connection));
}

void Servers::SetServing(bool serving) {
  operators_->GetHealthCheckService()->SetServingStatus(serving);
}

void Servers::Shutdown(absl::Duration deadline) {
  const auto until = absl::ToChronoTime(Clock::Real().Now() + deadline);
  operators_->Shutdown(until);
  couriers_->Shutdown(until);
}

}  // namespace holt::admin
