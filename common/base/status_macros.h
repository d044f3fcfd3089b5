// RETURN_IF_ERROR and ASSIGN_OR_RETURN (Debian's Abseil has neither), and the
// spelling of an errno as a Status.
#ifndef HOLT_COMMON_BASE_STATUS_MACROS_H_
#define HOLT_COMMON_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// Returns from the calling function when `expression` is not OK.
#define RETURN_IF_ERROR(expression)                                     \
  do {                                                                  \
    if (absl::Status holt_status_ = (expression); !holt_status_.ok()) { \
      return holt_status_;                                              \
    }                                                                   \
  } while (false)

#define HOLT_STATUS_CONCAT_INNER_(x, y) x##y
#define HOLT_STATUS_CONCAT_(x, y) HOLT_STATUS_CONCAT_INNER_(x, y)

// ASSIGN_OR_RETURN(auto value, StatusOrReturning()): declares or assigns on
// success, returns the Status otherwise.
#define ASSIGN_OR_RETURN(lhs, expression)                                   \
  HOLT_ASSIGN_OR_RETURN_IMPL_(HOLT_STATUS_CONCAT_(holt_or_, __LINE__), lhs, \
                              expression)
#define HOLT_ASSIGN_OR_RETURN_IMPL_(statusor, lhs, expression) \
  auto statusor = (expression);                                \
  if (!statusor.ok()) return std::move(statusor).status();     \
  lhs = *std::move(statusor)

namespace holt {

// The Status of a failed system call: "<what>: <name of the errno>". `what`
// says what was tried, without content.
absl::Status ErrnoToStatus(int error_number, absl::string_view what);

// The same Status with "<context>: " before its message; OK stays OK.
absl::Status Annotate(absl::Status status, absl::string_view context);

}  // namespace holt

#endif  // HOLT_COMMON_BASE_STATUS_MACROS_H_
