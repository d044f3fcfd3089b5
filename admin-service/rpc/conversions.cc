#include "admin-service/rpc/conversions.h"

#include <algorithm>
#include <limits>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "admin-service/digest/sha256.h"

namespace holt::admin {
namespace {

constexpr absl::string_view kKeyCollection = "apiKeys/";

std::string Fingerprint(absl::string_view binding) {
  constexpr size_t kBytes = 8;
  const Sha256Digest digest = Sha256(binding);
  return absl::BytesToHexString(AsText(digest).substr(0, kBytes));
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message()));
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  const int64_t seconds = absl::ToUnixSeconds(time);
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

absl::StatusOr<absl::Time> FromProto(
    const google::protobuf::Timestamp& timestamp, absl::string_view field) {
  constexpr int64_t kYear1 = -62'135'596'800;
  constexpr int64_t kYear10000 = 253'402'300'800;
  if (timestamp.seconds() < kYear1 || timestamp.seconds() >= kYear10000 ||
      timestamp.nanos() < 0 || timestamp.nanos() > 999'999'999) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ": not a time between the years 1 and 9999"));
  }
  return absl::FromUnixSeconds(timestamp.seconds()) +
         absl::Nanoseconds(timestamp.nanos());
}

std::string KeyName(absl::string_view key_id) {
  return absl::StrCat(kKeyCollection, key_id);
}

absl::StatusOr<std::string> KeyIdOf(absl::string_view name) {
  absl::string_view id = name;
  if (!absl::ConsumePrefix(&id, kKeyCollection) || id.empty() ||
      id.find('/') != absl::string_view::npos) {
    return absl::InvalidArgumentError(
        "name: give the name of an API key, \"apiKeys/{api_key}\"");
  }
  return std::string(id);
}

absl::StatusOr<size_t> PageSize(int32_t asked) {
  constexpr int32_t kDefault = 50;
  constexpr int32_t kMost = 1000;
  if (asked < 0) {
    return absl::InvalidArgumentError("page_size: give 0 or more");
  }
  return static_cast<size_t>(asked == 0 ? kDefault : std::min(asked, kMost));
}

std::string MakePageToken(absl::string_view binding, uint64_t position) {
  return absl::WebSafeBase64Escape(
      absl::StrCat(Fingerprint(binding), ":", position));
}

absl::StatusOr<uint64_t> ReadPageToken(absl::string_view binding,
                                       absl::string_view token) {
  if (token.empty()) return 0;
  std::string text;
  uint64_t position = 0;
  absl::string_view rest;
  const bool decoded = absl::WebSafeBase64Unescape(token, &text);
  rest = text;
  if (!decoded ||
      !absl::ConsumePrefix(&rest, absl::StrCat(Fingerprint(binding), ":")) ||
      !absl::SimpleAtoi(rest, &position) ||
      position > std::numeric_limits<int64_t>::max()) {
    return absl::InvalidArgumentError(
        "page_token: was not given for this request; start with an empty one");
  }
  return position;
}

}  // namespace holt::admin
