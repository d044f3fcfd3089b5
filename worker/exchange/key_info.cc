#include "worker/exchange/key_info.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace holt::worker {
namespace {

// A label is UTF-8 from the admin-service; quotes, backslashes and control
// bytes are escaped, all else stays.
std::string Quote(absl::string_view text) {
  std::string quoted = "\"";
  for (const char byte : text) {
    const auto code = static_cast<unsigned char>(byte);
    if (byte == '"' || byte == '\\') {
      quoted += '\\';
      quoted += byte;
    } else if (code < 0x20) {
      absl::StrAppendFormat(&quoted, "\\u%04x", code);
    } else {
      quoted += byte;
    }
  }
  return quoted + "\"";
}

std::string Seconds(int64_t unix_ms) {
  if (unix_ms == 0) return "null";
  return absl::StrFormat("%d.%03d", unix_ms / 1000, unix_ms % 1000);
}

template <size_t N>
absl::string_view TextOf(const char (&member)[N]) {
  return {member, ::strnlen(member, N)};
}

}  // namespace

std::string KeyInfoJson(const KeyPolicy& key) {
  const std::string limit = key.requests_per_window == 0
                                ? "null"
                                : absl::StrCat(key.requests_per_window);
  return absl::StrCat(R"({"key_id":)", Quote(TextOf(key.key_id)),
                      R"(,"created_at":)", Seconds(key.created_unix_ms),
                      R"(,"expires_at":)", Seconds(key.expires_unix_ms),
                      R"(,"rate_limit":)", limit, R"(,"description":)",
                      Quote(TextOf(key.label)), "}");
}

}  // namespace holt::worker
