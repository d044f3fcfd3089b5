#include "admin-service/cli/failure.h"

#include "absl/strings/str_cat.h"
#include "admin-service/cli/json.h"

namespace holt::admin::cli {

ExitCode ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kOk;
    case absl::StatusCode::kNotFound:
      return ExitCode::kNotFound;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return ExitCode::kNotPermitted;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return ExitCode::kConflict;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return ExitCode::kUnavailable;
    default:  // the server said no, for whatever other reason
      return ExitCode::kFailed;
  }
}

std::string DescribeFailure(const absl::Status& status, bool as_json) {
  const absl::string_view message = status.message();
  if (!as_json) return absl::StrCat("error: ", message, "\n");
  return absl::StrCat("{\"error\":{\"code\":",
                      JsonText(absl::StatusCodeToString(status.code())),
                      ",\"message\":", JsonText(message), "}}\n");
}

}  // namespace holt::admin::cli
