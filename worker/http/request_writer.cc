#include "worker/http/request_writer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace holt::worker {
namespace {

// Written by us, meant for this hop only, a credential, or a description of the
// caller that a confidential service has no use for.
constexpr absl::string_view kDropped[] = {
    "accept-encoding",
    "accept-language",
    "api-key",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "origin",
    "referer",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-api-key",
    "x-http-method-override",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
};
constexpr absl::string_view kDroppedPrefixes[] = {
    "access-control-", "openai-",     "proxy-", "sec-",
    "x-forwarded-",    "x-stainless-"};

void AppendNumber(ChunkBuffer& out, uint64_t value) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  out.Append(absl::string_view(digits, static_cast<size_t>(end - digits)));
}

bool MayLackBody(Method method) {
  return method == Method::kGet || method == Method::kHead ||
         method == Method::kDelete || method == Method::kOptions;
}

void AppendFraming(ChunkBuffer& out, Method method,
                   std::optional<uint64_t> content_length) {
  if (!content_length.has_value()) {
    out.Append("Transfer-Encoding: chunked\r\n");
    return;
  }
  if (*content_length == 0 && MayLackBody(method)) return;
  out.Append("Content-Length: ");
  AppendNumber(out, *content_length);
  out.Append("\r\n");
}

}  // namespace

void WriteUpstreamHead(ChunkBuffer& out, const RequestHead& request,
                       const UpstreamTarget& target,
                       std::optional<uint64_t> content_length) {
  out.Append(NameOf(request.method()));
  out.Append(" ");
  out.Append(target.path_prefix);
  out.Append(request.path());
  if (request.has_query()) {
    out.Append("?");
    out.Append(request.query());
  }
  out.Append(" HTTP/1.1\r\nHost: ");
  out.Append(target.authority);
  out.Append("\r\nAccept-Encoding: identity\r\n");
  if (!target.credential.empty()) {
    out.Append("Authorization: Bearer ");
    out.Append(target.credential);
    out.Append("\r\n");
  }
  AppendFraming(out, request.method(), content_length);
  for (const Field& field : request.fields()) {
    if (!IsForwarded(field.name) || request.IsConnectionOption(field.name)) {
      continue;
    }
    out.Append(field.name);
    out.Append(": ");
    out.Append(field.value);
    out.Append("\r\n");
  }
  out.Append("\r\n");
}

bool IsForwarded(absl::string_view name) {
  for (const absl::string_view dropped : kDropped) {
    if (absl::EqualsIgnoreCase(name, dropped)) return false;
  }
  for (const absl::string_view prefix : kDroppedPrefixes) {
    if (absl::StartsWithIgnoreCase(name, prefix)) return false;
  }
  // Some servers read "Content_Length" as Content-Length; plain names only.
  return std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-';
  });
}

}  // namespace holt::worker
