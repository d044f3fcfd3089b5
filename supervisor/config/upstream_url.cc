#include "supervisor/config/upstream_url.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"

namespace holt::supervisor {
namespace {

constexpr size_t kMaxHostSize = 253;
constexpr size_t kMaxPathSize = 255;

absl::Status Refuse(absl::string_view sentence) {
  return absl::InvalidArgumentError(sentence);
}

bool IsHostByte(char byte) {
  return absl::ascii_isalnum(static_cast<unsigned char>(byte)) || byte == '.' ||
         byte == '-' || byte == '_';
}

bool IsPathByte(char byte) {
  return absl::ascii_isalnum(static_cast<unsigned char>(byte)) ||
         absl::StrContains("/-._~!$&'()*+,;=:@%", absl::string_view(&byte, 1));
}

absl::Status CheckAddress4(const in_addr& address) {
  const uint32_t host_order = ntohl(address.s_addr);
  if (host_order >> 16 == 0xa9fe) {
    return Refuse(
        "a link-local address (169.254.x.x) is no inference service; name the "
        "service itself");
  }
  if (host_order == 0) {
    return Refuse("0.0.0.0 is no address to call; write 127.0.0.1");
  }
  return absl::OkStatus();
}

absl::Status CheckAddress6(const in6_addr& address) {
  if (IN6_IS_ADDR_LINKLOCAL(&address)) {
    return Refuse(
        "a link-local address (fe80::) is no inference service; name the "
        "service itself");
  }
  if (IN6_IS_ADDR_UNSPECIFIED(&address)) {
    return Refuse(":: is no address to call; write [::1]");
  }
  if (!IN6_IS_ADDR_V4MAPPED(&address)) return absl::OkStatus();
  in_addr inner{};
  std::memcpy(&inner, address.s6_addr + 12, sizeof(inner));
  return CheckAddress4(inner);
}

// Something like 2852039166 or 0xa9.254.1 is an IPv4 address to a resolver,
// though not to inet_pton.
bool LooksLikeOddNumber(absl::string_view host) {
  const absl::string_view last = host.substr(host.rfind('.') + 1);
  if (absl::StartsWithIgnoreCase(last, "0x")) return true;
  return !last.empty() &&
         std::all_of(last.begin(), last.end(), [](unsigned char byte) {
           return absl::ascii_isdigit(byte);
         });
}

absl::Status CheckName(const std::string& host) {
  in_addr address{};
  if (::inet_pton(AF_INET, host.c_str(), &address) == 1) {
    return CheckAddress4(address);
  }
  if (host.empty() || host.size() > kMaxHostSize ||
      !std::all_of(host.begin(), host.end(), IsHostByte)) {
    return Refuse(
        "the host must be a name, an IPv4 address or an IPv6 address in "
        "brackets");
  }
  if (LooksLikeOddNumber(host)) {
    return Refuse("an IPv4 address is written as four decimal numbers");
  }
  return absl::OkStatus();
}

absl::Status ParsePort(absl::string_view text, UpstreamUrl& url) {
  uint32_t port = 0;
  const bool digits =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char byte) {
        return absl::ascii_isdigit(static_cast<unsigned char>(byte));
      });
  if (!digits || !absl::SimpleAtoi(text, &port) || port < 1 || port > 65535) {
    return Refuse("the port must be a number from 1 to 65535");
  }
  url.port = static_cast<uint16_t>(port);
  return absl::OkStatus();
}

absl::Status ParseBracketed(absl::string_view authority, UpstreamUrl& url) {
  const size_t end = authority.find(']');
  if (end == absl::string_view::npos) {
    return Refuse("the bracket of the IPv6 address is not closed");
  }
  url.host = std::string(authority.substr(1, end - 1));
  in6_addr address{};
  if (::inet_pton(AF_INET6, url.host.c_str(), &address) != 1) {
    return Refuse("what stands in brackets must be an IPv6 address");
  }
  RETURN_IF_ERROR(CheckAddress6(address));
  absl::string_view rest = authority.substr(end + 1);
  if (rest.empty()) return absl::OkStatus();
  if (!absl::ConsumePrefix(&rest, ":")) {
    return Refuse("after the IPv6 address only :port may follow");
  }
  return ParsePort(rest, url);
}

absl::Status ParseAuthority(absl::string_view authority, UpstreamUrl& url) {
  if (absl::StrContains(authority, "@")) {
    return Refuse(
        "user information does not belong in the URL; put the credential in a "
        "file and name it in credential_file");
  }
  if (absl::StartsWith(authority, "[")) return ParseBracketed(authority, url);
  const size_t colon = authority.find(':');
  url.host = absl::AsciiStrToLower(authority.substr(0, colon));
  RETURN_IF_ERROR(CheckName(url.host));
  if (colon == absl::string_view::npos) return absl::OkStatus();
  return ParsePort(authority.substr(colon + 1), url);
}

absl::Status ParsePath(absl::string_view path, UpstreamUrl& url) {
  if (absl::StrContains(path, "?") || absl::StrContains(path, "#")) {
    return Refuse("a query or fragment does not belong in the URL; remove it");
  }
  while (absl::EndsWith(path, "/")) path.remove_suffix(1);
  if (path.size() > kMaxPathSize ||
      !std::all_of(path.begin(), path.end(), IsPathByte) ||
      absl::StrContains(path, "//") ||
      absl::StrContains(absl::StrCat(path, "/"), "/../") ||
      absl::StrContains(absl::StrCat(path, "/"), "/./")) {
    return Refuse(
        "the path must be plain: at most 255 letters, digits and marks, "
        "without empty, . or .. segments");
  }
  url.path_prefix = std::string(path);
  return absl::OkStatus();
}

std::string AuthorityOf(const UpstreamUrl& url) {
  const bool bracketed = absl::StrContains(url.host, ":");
  const std::string host =
      bracketed ? absl::StrCat("[", url.host, "]") : url.host;
  const uint16_t usual = url.tls ? 443 : 80;
  return url.port == usual ? host : absl::StrCat(host, ":", url.port);
}

}  // namespace

absl::StatusOr<UpstreamUrl> ParseUpstreamUrl(absl::string_view url) {
  UpstreamUrl parsed;
  absl::string_view rest = url;
  if (absl::ConsumePrefix(&rest, "https://")) {
    parsed.tls = true;
    parsed.port = 443;
  } else if (absl::ConsumePrefix(&rest, "http://")) {
    parsed.port = 80;
  } else {
    return Refuse(
        "an upstream begins with http:// or https://, for example "
        "http://localhost:8081");
  }
  const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  RETURN_IF_ERROR(ParseAuthority(rest.substr(0, end), parsed));
  RETURN_IF_ERROR(ParsePath(rest.substr(end), parsed));
  parsed.authority = AuthorityOf(parsed);
  return parsed;
}

bool IsLoopback(const UpstreamUrl& url) {
  in_addr address{};
  if (::inet_pton(AF_INET, url.host.c_str(), &address) == 1) {
    return ntohl(address.s_addr) >> 24 == 127;
  }
  return url.host == "localhost" || url.host == "::1";
}

}  // namespace holt::supervisor
