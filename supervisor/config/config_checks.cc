#include "supervisor/config/config_checks.h"

#include <arpa/inet.h>

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"
#include "common/ipc/limiter.h"
#include "common/ipc/settings.h"
#include "common/ipc/usage_journal.h"

namespace holt::supervisor {
namespace {

using namespace holt::config::v1;  // NOLINT: every message of the schema

constexpr uint32_t kMaxTimeoutMs = 24 * 3600 * 1000;
constexpr uint32_t kMaxWindowMs = 7 * 24 * 3600 * 1000;
constexpr size_t kPinSize = 32;
// Uids from here on have meanings of their own.
constexpr uint32_t kMaxFirstUid = 0x7fffffff;

// Walks one configuration; every method returns the first complaint.
class Checker {
 public:
  Checker(const Origins& origins, GatewayConfig& gateway,
          std::vector<std::string>& notices)
      : origins_(origins), gateway_(gateway), notices_(notices) {}

  absl::Status CheckListener();
  absl::Status CheckIdentities() const;
  absl::StatusOr<std::vector<UpstreamUrl>> CheckUpstreams();
  absl::Status CheckSidecar() const;
  absl::Status CheckLimits();
  absl::Status CheckTimeouts() const;
  absl::Status CheckPrices() const;
  absl::Status CheckProcesses() const;
  absl::Status CheckPaths() const;

 private:
  [[nodiscard]] absl::Status InRange(absl::string_view path, uint64_t value,
                                     uint64_t least, uint64_t most) const {
    if (value >= least && value <= most) return absl::OkStatus();
    return origins_.Complain(path, absl::StrCat(value, " is out of range; use ",
                                                least, " to ", most));
  }
  absl::Status CheckUpstream(const Upstream& upstream, const std::string& path,
                             const UpstreamUrl& url);
  void LowerTo(uint32_t most, const char* path, uint32_t value,
               void (Limits::*set)(uint32_t));

  const Origins& origins_;
  GatewayConfig& gateway_;
  std::vector<std::string>& notices_;
};

bool IsAddressLiteral(const std::string& text) {
  in6_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool IsName(absl::string_view text) {
  return !text.empty() && text.size() < sizeof(UpstreamSettings::name) &&
         std::all_of(text.begin(), text.end(), [](char byte) {
           return absl::ascii_isalnum(static_cast<unsigned char>(byte)) ||
                  byte == '-' || byte == '_';
         });
}

bool IsAbsolute(absl::string_view path) { return absl::StartsWith(path, "/"); }

absl::Status Checker::CheckListener() {
  const Listener& listener = gateway_.listener();
  if (!IsAddressLiteral(listener.address())) {
    return origins_.Complain(
        "listener.address",
        absl::StrCat("\"", listener.address(),
                     "\" is no IP address; use one such as 0.0.0.0, 127.0.0.1 "
                     "or ::"));
  }
  RETURN_IF_ERROR(InRange("listener.port", listener.port(), 0, 65535));
  RETURN_IF_ERROR(InRange("listener.max_connections",
                          listener.max_connections(), 1, 1'000'000));
  RETURN_IF_ERROR(InRange("listener.max_connections_per_address",
                          listener.max_connections_per_address(), 1,
                          1'000'000));
  const bool tls = gateway_.tls_identities_size() > 0;
  if (listener.force_https() && !tls && !listener.trust_proxy()) {
    notices_.push_back(absl::StrCat(
        origins_.Describe("listener.force_https"),
        ": every request will be refused, for there is neither a certificate "
        "nor a trusted proxy; set TLS_CERT_FILE and TLS_KEY_FILE or "
        "TRUST_PROXY"));
  }
  return absl::OkStatus();
}

absl::Status Checker::CheckIdentities() const {
  if (gateway_.tls_identities_size() > static_cast<int>(kMaxIdentities)) {
    return origins_.Complain(
        absl::StrCat("tls_identities[", kMaxIdentities, "]"),
        absl::StrCat("there are more than ", kMaxIdentities,
                     " TLS identities; keep one per kind of key"));
  }
  for (int i = 0; i < gateway_.tls_identities_size(); ++i) {
    const TlsIdentity& identity = gateway_.tls_identities(i);
    const std::string path = absl::StrCat("tls_identities[", i, "]");
    if (identity.certificate_file().empty()) {
      return origins_.Complain(path,
                               "certificate_file is missing; TLS needs "
                               "certificate_file and key_file");
    }
    if (identity.key_file().empty()) {
      return origins_.Complain(path,
                               "key_file is missing; TLS needs "
                               "certificate_file and key_file");
    }
  }
  return absl::OkStatus();
}

absl::Status Checker::CheckUpstream(const Upstream& upstream,
                                    const std::string& path,
                                    const UpstreamUrl& url) {
  RETURN_IF_ERROR(InRange(path + ".max_connections", upstream.max_connections(),
                          1, 65'535));
  const bool pinned = !upstream.spki_pin().empty();
  std::string pin;
  if (pinned && (!absl::Base64Unescape(upstream.spki_pin(), &pin) ||
                 pin.size() != kPinSize ||
                 absl::Base64Escape(pin) != upstream.spki_pin())) {
    return origins_.Complain(path + ".spki_pin",
                             "must be the base64 of a SHA-256 digest (44 "
                             "characters that end in =)");
  }
  if (!url.tls && pinned) {
    return origins_.Complain(path + ".spki_pin",
                             "a pin needs TLS; write https:// in url");
  }
  if (!url.tls && !upstream.ca_file().empty()) {
    return origins_.Complain(path + ".ca_file",
                             "authorities need TLS; write https:// in url");
  }
  if (!url.tls && !IsLoopback(url)) {
    notices_.push_back(absl::StrCat(
        origins_.Describe(path + ".url"),
        ": requests travel to this upstream unencrypted; use https:// unless "
        "the network between is your own"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<UpstreamUrl>> Checker::CheckUpstreams() {
  if (gateway_.upstreams_size() > static_cast<int>(kMaxUpstreams)) {
    return origins_.Complain(
        absl::StrCat("upstreams[", kMaxUpstreams, "]"),
        absl::StrCat("there are more than ", kMaxUpstreams, " upstreams"));
  }
  std::vector<UpstreamUrl> urls;
  std::set<std::string> names;
  if (gateway_.upstreams_size() > 1) {
    notices_.push_back(absl::StrCat(
        origins_.Describe("upstreams[1]"),
        ": requests go to the first upstream only; routing over several is not "
        "built yet"));
  }
  for (int i = 0; i < gateway_.upstreams_size(); ++i) {
    const Upstream& upstream = gateway_.upstreams(i);
    const std::string path = absl::StrCat("upstreams[", i, "]");
    if (!IsName(upstream.name())) {
      return origins_.Complain(path + ".name",
                               "a name has 1 to 63 letters, digits, - and _");
    }
    if (!names.insert(upstream.name()).second) {
      return origins_.Complain(path + ".name",
                               absl::StrCat("two upstreams are named \"",
                                            upstream.name(), "\"; rename one"));
    }
    absl::StatusOr<UpstreamUrl> url = ParseUpstreamUrl(upstream.url());
    if (!url.ok()) {
      return origins_.Complain(path + ".url", url.status().message());
    }
    RETURN_IF_ERROR(CheckUpstream(upstream, path, *url));
    urls.push_back(*std::move(url));
  }
  return urls;
}

// "--dumpRequests", "-dumpRequests=true" and the like.
bool IsDumpRequests(absl::string_view argument) {
  while (absl::ConsumePrefix(&argument, "-")) {
  }
  return absl::StartsWithIgnoreCase(argument, "dumpRequests");
}

absl::Status Checker::CheckSidecar() const {
  const Sidecar& sidecar = gateway_.sidecar();
  const bool others = sidecar.arguments_size() > 0 ||
                      sidecar.environment_size() > 0 ||
                      !sidecar.working_directory().empty();
  if (sidecar.command().empty()) {
    if (!others) return absl::OkStatus();
    return origins_.Complain("sidecar", "command is missing; name the program");
  }
  if (!IsAbsolute(sidecar.command())) {
    return origins_.Complain("sidecar.command",
                             "must be an absolute path, for no search path is "
                             "used");
  }
  for (int i = 0; i < sidecar.arguments_size(); ++i) {
    if (IsDumpRequests(sidecar.arguments(i))) {
      return origins_.Complain(absl::StrCat("sidecar.arguments[", i, "]"),
                               "--dumpRequests writes prompts and answers to "
                               "disk and is never allowed; remove it");
    }
  }
  for (int i = 0; i < sidecar.environment_size(); ++i) {
    const size_t equals = sidecar.environment(i).find('=');
    if (equals == std::string::npos || equals == 0) {
      return origins_.Complain(absl::StrCat("sidecar.environment[", i, "]"),
                               "must be NAME=value");
    }
  }
  if (!sidecar.working_directory().empty() &&
      !IsAbsolute(sidecar.working_directory())) {
    return origins_.Complain("sidecar.working_directory",
                             "must be an absolute path");
  }
  return absl::OkStatus();
}

void Checker::LowerTo(uint32_t most, const char* path, uint32_t value,
                      void (Limits::*set)(uint32_t)) {
  if (value <= most) return;
  (gateway_.mutable_limits()->*set)(most);
  notices_.push_back(absl::StrCat(origins_.Describe(path), ": lowered from ",
                                  value, " to ", most,
                                  ", the most that is counted exactly"));
}

absl::Status Checker::CheckLimits() {
  const Limits& limits = gateway_.limits();
  RETURN_IF_ERROR(InRange("limits.global_window_ms", limits.global_window_ms(),
                          1, kMaxWindowMs));
  RETURN_IF_ERROR(InRange("limits.address_window_ms",
                          limits.address_window_ms(), 1, kMaxWindowMs));
  RETURN_IF_ERROR(InRange("limits.max_body_bytes", limits.max_body_bytes(),
                          1024, uint64_t{1} << 30));
  RETURN_IF_ERROR(InRange("limits.max_concurrent_per_key",
                          limits.max_concurrent_per_key(), 1, 65'535));
  RETURN_IF_ERROR(InRange("keys.max_staleness_ms",
                          gateway_.keys().max_staleness_ms(), 10'000,
                          3'600'000));
  LowerTo(kMaxGlobalRequests, "limits.global_requests",
          limits.global_requests(), &Limits::set_global_requests);
  LowerTo(kMaxAddressRequests, "limits.address_requests",
          limits.address_requests(), &Limits::set_address_requests);
  return absl::OkStatus();
}

absl::Status Checker::CheckTimeouts() const {
  const Timeouts& timeouts = gateway_.timeouts();
  const std::pair<const char*, uint32_t> table[] = {
      {"timeouts.handshake_ms", timeouts.handshake_ms()},
      {"timeouts.head_ms", timeouts.head_ms()},
      {"timeouts.idle_ms", timeouts.idle_ms()},
      {"timeouts.body_gap_ms", timeouts.body_gap_ms()},
      {"timeouts.write_stall_ms", timeouts.write_stall_ms()},
      {"timeouts.connect_ms", timeouts.connect_ms()},
      {"timeouts.upstream_head_ms", timeouts.upstream_head_ms()},
      {"timeouts.upstream_gap_ms", timeouts.upstream_gap_ms()},
      {"timeouts.drain_ms", timeouts.drain_ms()},
  };
  for (const auto& [path, value] : table) {
    RETURN_IF_ERROR(InRange(path, value, 1, kMaxTimeoutMs));
  }
  return absl::OkStatus();
}

absl::Status Checker::CheckPrices() const {
  std::set<std::string> models;
  for (int i = 0; i < gateway_.prices_size(); ++i) {
    const std::string& model = gateway_.prices(i).model();
    const std::string path = absl::StrCat("prices[", i, "].model");
    if (model.empty() || model.size() > kMaxModelText) {
      return origins_.Complain(
          path, absl::StrCat("a model has 1 to ", kMaxModelText,
                             " characters; \"*\" stands for any other"));
    }
    if (!models.insert(model).second) {
      return origins_.Complain(path, absl::StrCat("\"", model,
                                                  "\" has a price already; "
                                                  "remove one"));
    }
  }
  return absl::OkStatus();
}

absl::Status Checker::CheckProcesses() const {
  const Processes& processes = gateway_.processes();
  // Each has two slots, so that a reload starts the new beside the old.
  RETURN_IF_ERROR(
      InRange("processes.workers", processes.workers(), 1, kMaxWorkers / 2));
  RETURN_IF_ERROR(
      InRange("processes.first_uid", processes.first_uid(), 1, kMaxFirstUid));
  const std::string& minimum = processes.sandbox_minimum();
  if (minimum != "full" && minimum != "baseline" && minimum != "none") {
    return origins_.Complain(
        "processes.sandbox_minimum",
        absl::StrCat("\"", minimum,
                     "\" is no sandbox; use full, baseline or none"));
  }
  return absl::OkStatus();
}

absl::Status Checker::CheckPaths() const {
  if (!gateway_.state_dir().empty() && !IsAbsolute(gateway_.state_dir())) {
    return origins_.Complain("state_dir", "must be an absolute path");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<UpstreamUrl>> CheckConfig(
    const Origins& origins, GatewayConfig& gateway,
    std::vector<std::string>& notices) {
  Checker checker(origins, gateway, notices);
  RETURN_IF_ERROR(checker.CheckListener());
  RETURN_IF_ERROR(checker.CheckIdentities());
  RETURN_IF_ERROR(checker.CheckSidecar());
  RETURN_IF_ERROR(checker.CheckLimits());
  RETURN_IF_ERROR(checker.CheckTimeouts());
  RETURN_IF_ERROR(checker.CheckPrices());
  RETURN_IF_ERROR(checker.CheckProcesses());
  RETURN_IF_ERROR(checker.CheckPaths());
  return checker.CheckUpstreams();
}

}  // namespace holt::supervisor
