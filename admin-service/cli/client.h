// The administration API as holtctl calls it: one method per call, each with
// its deadline, lists page by page. Runs in holtctl. The one place of it that
// knows gRPC.
#ifndef HOLT_ADMIN_SERVICE_CLI_CLIENT_H_
#define HOLT_ADMIN_SERVICE_CLI_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/unique_fd.h"
#include "proto/holt/admin/v1/api_key_service.pb.h"
#include "proto/holt/admin/v1/status_service.pb.h"
#include "proto/holt/admin/v1/usage_service.pb.h"

namespace holt::admin::cli {

class Client {
 public:
  // Takes a connected, non-blocking socket.
  Client(UniqueFd connection, absl::Duration timeout);
  ~Client();

  absl::StatusOr<v1::CreateApiKeyResponse> CreateApiKey(
      const v1::CreateApiKeyRequest& request);
  absl::StatusOr<v1::ApiKey> GetApiKey(const std::string& name);
  absl::StatusOr<v1::ApiKey> RevokeApiKey(const std::string& name);
  absl::StatusOr<v1::ApiKey> DisableApiKey(const std::string& name);
  absl::StatusOr<v1::ApiKey> EnableApiKey(const std::string& name);
  absl::StatusOr<std::vector<v1::ApiKey>> ListApiKeys(bool show_revoked);
  // All pages as one response.
  absl::StatusOr<v1::QueryUsageResponse> QueryUsage(
      v1::QueryUsageRequest request);
  absl::StatusOr<v1::NodeStatus> GetStatus();

 private:
  struct Stubs;
  template <typename Response, typename Call>
  absl::StatusOr<Response> Run(const Call& call);
  const std::unique_ptr<Stubs> stubs_;
  const absl::Duration timeout_;
};

}  // namespace holt::admin::cli

#endif  // HOLT_ADMIN_SERVICE_CLI_CLIENT_H_
