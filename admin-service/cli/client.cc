#include "admin-service/cli/client.h"

#include <grpc/support/log.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "proto/holt/admin/v1/api_key_service.grpc.pb.h"
#include "proto/holt/admin/v1/status_service.grpc.pb.h"
#include "proto/holt/admin/v1/usage_service.grpc.pb.h"

namespace holt::admin::cli {
namespace {

constexpr int kPageSize = 1000;

std::shared_ptr<grpc::Channel> ChannelOf(UniqueFd connection) {
  // gRPC's own words mean nothing to who runs holtctl; the status has it all.
  gpr_set_log_function([](gpr_log_func_args*) {});
  return grpc::CreateInsecureChannelFromFd("holt", connection.release());
}

absl::Status FromGrpc(const grpc::Status& status, absl::Duration timeout) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
      return absl::OkStatus();
    case grpc::StatusCode::UNAVAILABLE:
      return absl::UnavailableError(absl::StrCat(
          "Holt closed the connection (", status.error_message(),
          "): it is stopping, or does not accept calls of this user"));
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return absl::DeadlineExceededError(absl::StrCat(
          "Holt did not answer within ", absl::FormatDuration(timeout),
          ": try again, or give a longer --timeout"));
    default:
      return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                          status.error_message());
  }
}

}  // namespace

struct Client::Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel)
      : keys(v1::ApiKeyService::NewStub(channel)),
        usage(v1::UsageService::NewStub(channel)),
        status(v1::StatusService::NewStub(channel)) {}
  std::unique_ptr<v1::ApiKeyService::Stub> keys;
  std::unique_ptr<v1::UsageService::Stub> usage;
  std::unique_ptr<v1::StatusService::Stub> status;
};

Client::Client(UniqueFd connection, absl::Duration timeout)
    : stubs_(std::make_unique<Stubs>(ChannelOf(std::move(connection)))),
      timeout_(timeout) {}

Client::~Client() = default;

template <typename Response, typename Call>
absl::StatusOr<Response> Client::Run(const Call& call) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(Clock::Real().Now() + timeout_));
  Response response;
  RETURN_IF_ERROR(FromGrpc(call(&context, &response), timeout_));
  return response;
}

absl::StatusOr<v1::CreateApiKeyResponse> Client::CreateApiKey(
    const v1::CreateApiKeyRequest& request) {
  return Run<v1::CreateApiKeyResponse>([&](auto* context, auto* response) {
    return stubs_->keys->CreateApiKey(context, request, response);
  });
}

absl::StatusOr<v1::ApiKey> Client::GetApiKey(const std::string& name) {
  v1::GetApiKeyRequest request;
  request.set_name(name);
  return Run<v1::ApiKey>([&](auto* context, auto* response) {
    return stubs_->keys->GetApiKey(context, request, response);
  });
}

absl::StatusOr<v1::ApiKey> Client::RevokeApiKey(const std::string& name) {
  v1::RevokeApiKeyRequest request;
  request.set_name(name);
  return Run<v1::ApiKey>([&](auto* context, auto* response) {
    return stubs_->keys->RevokeApiKey(context, request, response);
  });
}

absl::StatusOr<v1::ApiKey> Client::DisableApiKey(const std::string& name) {
  v1::DisableApiKeyRequest request;
  request.set_name(name);
  return Run<v1::ApiKey>([&](auto* context, auto* response) {
    return stubs_->keys->DisableApiKey(context, request, response);
  });
}

absl::StatusOr<v1::ApiKey> Client::EnableApiKey(const std::string& name) {
  v1::EnableApiKeyRequest request;
  request.set_name(name);
  return Run<v1::ApiKey>([&](auto* context, auto* response) {
    return stubs_->keys->EnableApiKey(context, request, response);
  });
}

absl::StatusOr<std::vector<v1::ApiKey>> Client::ListApiKeys(bool show_revoked) {
  v1::ListApiKeysRequest request;
  request.set_page_size(kPageSize);
  request.set_show_revoked(show_revoked);
  std::vector<v1::ApiKey> keys;
  do {
    ASSIGN_OR_RETURN(
        const v1::ListApiKeysResponse page,
        (Run<v1::ListApiKeysResponse>([&](auto* context, auto* response) {
          return stubs_->keys->ListApiKeys(context, request, response);
        })));
    keys.insert(keys.end(), page.api_keys().begin(), page.api_keys().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return keys;
}

absl::StatusOr<v1::QueryUsageResponse> Client::QueryUsage(
    v1::QueryUsageRequest request) {
  request.set_page_size(kPageSize);
  v1::QueryUsageResponse all;
  do {
    ASSIGN_OR_RETURN(
        v1::QueryUsageResponse page,
        (Run<v1::QueryUsageResponse>([&](auto* context, auto* response) {
          return stubs_->usage->QueryUsage(context, request, response);
        })));
    request.set_page_token(page.next_page_token());
    // The totals of a later page replace those of an earlier one.
    all.clear_total();
    page.clear_next_page_token();
    all.MergeFrom(page);
  } while (!request.page_token().empty());
  return all;
}

absl::StatusOr<v1::NodeStatus> Client::GetStatus() {
  return Run<v1::NodeStatus>([&](auto* context, auto* response) {
    return stubs_->status->GetStatus(context, {}, response);
  });
}

}  // namespace holt::admin::cli
