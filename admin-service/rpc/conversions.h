// Between our types and those of gRPC and protobuf. Runs in the admin-service.
// What comes from a message is hostile and checked here.
#ifndef HOLT_ADMIN_SERVICE_RPC_CONVERSIONS_H_
#define HOLT_ADMIN_SERVICE_RPC_CONVERSIONS_H_

#include <google/protobuf/timestamp.pb.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace holt::admin {

// The codes are the same; the message goes to the caller as it is.
grpc::Status ToGrpc(const absl::Status& status);

google::protobuf::Timestamp ToProto(absl::Time time);
// InvalidArgument, naming `field`, when it is no time between the years 1 and
// 9999.
absl::StatusOr<absl::Time> FromProto(
    const google::protobuf::Timestamp& timestamp, absl::string_view field);

// "apiKeys/{api_key}" and back; InvalidArgument when `name` has another form.
std::string KeyName(absl::string_view key_id);
absl::StatusOr<std::string> KeyIdOf(absl::string_view name);

// Size of a page as asked for: 0 means 50, at most 1000; InvalidArgument below
// 0.
absl::StatusOr<size_t> PageSize(int32_t asked);

// A page token: opaque, and good only together with the request it was made
// for, of which `binding` holds all fields that must not change.
std::string MakePageToken(absl::string_view binding, uint64_t position);
// The position; 0 for an empty token; InvalidArgument for one that was not made
// for `binding`.
absl::StatusOr<uint64_t> ReadPageToken(absl::string_view binding,
                                       absl::string_view token);

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_RPC_CONVERSIONS_H_
