#include "tests/demo_upstream/answer.h"

#include "absl/strings/str_cat.h"
#include "tests/demo_upstream/prose.h"

namespace holt::demo {
namespace {

struct ErrorKind {
  int status;
  absl::string_view phrase;
  absl::string_view type;
  absl::string_view code;
};

constexpr ErrorKind kErrorKinds[] = {
    {400, "Bad Request", "invalid_request_error", "bad_request"},
    {401, "Unauthorized", "invalid_request_error", "invalid_api_key"},
    {403, "Forbidden", "invalid_request_error", "not_allowed"},
    {404, "Not Found", "invalid_request_error", "not_found"},
    {405, "Method Not Allowed", "invalid_request_error", "method_not_allowed"},
    {413, "Content Too Large", "invalid_request_error", "request_too_large"},
    {429, "Too Many Requests", "requests", "rate_limit_exceeded"},
    {500, "Internal Server Error", "server_error", "internal_error"},
    {502, "Bad Gateway", "server_error", "bad_gateway"},
    {503, "Service Unavailable", "server_error", "overloaded"},
    {504, "Gateway Timeout", "server_error", "timeout"},
};

constexpr ErrorKind kOtherError = {0, "Error", "server_error", "demo_error"};

const ErrorKind& KindOf(int status) {
  for (const ErrorKind& kind : kErrorKinds) {
    if (kind.status == status) return kind;
  }
  return kOtherError;
}

}  // namespace

std::string HttpHead(int status, bool keep_alive, absl::string_view framing) {
  const absl::string_view phrase =
      status == 200 ? absl::string_view("OK") : KindOf(status).phrase;
  return absl::StrCat(
      "HTTP/1.1 ", status, " ", phrase, "\r\nserver: holt-demo-upstream\r\n",
      keep_alive ? "" : "connection: close\r\n", framing, "\r\n");
}

std::string JsonResponse(int status, bool keep_alive, absl::string_view body,
                         absl::string_view more_headers) {
  return absl::StrCat(
      HttpHead(
          status, keep_alive,
          absl::StrCat("content-type: application/json\r\n",
                       "content-length: ", body.size(), "\r\n", more_headers)),
      body);
}

std::string ErrorResponse(int status, bool keep_alive,
                          absl::string_view message,
                          absl::string_view more_headers) {
  const ErrorKind& kind = KindOf(status);
  std::string body = "{\"error\":{\"message\":\"";
  AppendJsonEscaped(message, body);
  absl::StrAppend(&body, "\",\"type\":\"", kind.type,
                  "\",\"param\":null,\"code\":\"", kind.code, "\"}}");
  return JsonResponse(status, keep_alive, body, more_headers);
}

}  // namespace holt::demo
