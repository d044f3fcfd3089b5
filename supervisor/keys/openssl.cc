#include "supervisor/keys/openssl.h"

#include <openssl/err.h>

#include "absl/strings/str_cat.h"

namespace holt::supervisor {

absl::Status OpenSslError(absl::string_view what) {
  // The first entry is the cause; the others say who was affected.
  const char* reason = ::ERR_reason_error_string(::ERR_get_error());
  ::ERR_clear_error();
  return absl::InternalError(
      absl::StrCat(what, ": ", reason == nullptr ? "no reason given" : reason));
}

}  // namespace holt::supervisor
