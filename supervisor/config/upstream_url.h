// The URL of an upstream, taken apart strictly. Supervisor; the text is the
// operator's own. Nothing is resolved here.
#ifndef HOLT_SUPERVISOR_CONFIG_UPSTREAM_URL_H_
#define HOLT_SUPERVISOR_CONFIG_UPSTREAM_URL_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace holt::supervisor {

struct UpstreamUrl {
  bool tls = false;
  std::string host;  // a name, or an address literal without brackets
  uint16_t port = 0;
  std::string authority;    // the Host header
  std::string path_prefix;  // "" or "/x", without a slash at the end
};

// http://host, https://host:port/prefix, http://[::1]:8081. InvalidArgument
// says what to write instead: user information, query, fragment, another
// scheme, an unspecified or link-local address (cloud metadata services live
// there) and bytes that do not belong in a URL are refused.
absl::StatusOr<UpstreamUrl> ParseUpstreamUrl(absl::string_view url);

// True for an address literal of this machine and for "localhost": plain http
// to anything else leaves it unencrypted.
bool IsLoopback(const UpstreamUrl& url);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_CONFIG_UPSTREAM_URL_H_
