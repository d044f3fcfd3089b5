#include "supervisor/config/environment_overrides.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"

namespace holt::supervisor {
namespace {

using holt::config::v1::EnvironmentKey;
using holt::config::v1::GatewayConfig;
using holt::config::v1::Limits;

// A week: longer windows are more likely a mistake of units.
constexpr uint64_t kMaxWindowSeconds = 7 * 24 * 3600;
constexpr size_t kShortKey = 16;
constexpr size_t kHintSize = 4;

absl::Status Complain(absl::string_view variable, absl::string_view sentence) {
  return absl::InvalidArgumentError(absl::StrCat(variable, ": ", sentence));
}

// Reads whole numbers; the range is part of the sentence.
absl::StatusOr<std::optional<uint32_t>> GetNumber(
    const Environment& environment, absl::string_view variable, uint64_t least,
    uint64_t most) {
  const std::optional<absl::string_view> text = environment.Get(variable);
  if (!text.has_value()) return std::nullopt;
  uint64_t number = 0;
  if (!absl::SimpleAtoi(*text, &number) || number < least || number > most) {
    return Complain(variable,
                    absl::StrCat("\"", *text, "\" is no whole number from ",
                                 least, " to ", most, "; correct or unset it"));
  }
  return static_cast<uint32_t>(number);
}

bool IsTrue(absl::string_view text) {
  const std::string lower = absl::AsciiStrToLower(text);
  return lower == "true" || lower == "1" || lower == "yes";
}

absl::Status ApplyUpstream(const Environment& environment,
                           GatewayConfig& gateway, Origins& origins) {
  const auto url = environment.Get("UPSTREAM_URL");
  if (!url.has_value()) return absl::OkStatus();
  if (gateway.upstreams_size() > 1) {
    return Complain(
        "UPSTREAM_URL",
        absl::StrCat("the file configures ", gateway.upstreams_size(),
                     " upstreams, and the variable cannot say "
                     "which one it replaces; unset it"));
  }
  if (gateway.upstreams_size() == 0) gateway.add_upstreams();
  gateway.mutable_upstreams(0)->set_url(std::string(*url));
  origins.Set("upstreams[0].url", "UPSTREAM_URL");
  return absl::OkStatus();
}

absl::Status ApplyTls(const Environment& environment, GatewayConfig& gateway,
                      Origins& origins) {
  const auto certificate = environment.Get("TLS_CERT_FILE");
  const auto key = environment.Get("TLS_KEY_FILE");
  if (certificate.has_value() != key.has_value()) {
    const bool has_certificate = certificate.has_value();
    return Complain(
        has_certificate ? "TLS_CERT_FILE" : "TLS_KEY_FILE",
        absl::StrCat("is set and ",
                     has_certificate ? "TLS_KEY_FILE" : "TLS_CERT_FILE",
                     " is not; TLS needs both (set both, or neither to serve "
                     "plain HTTP)"));
  }
  if (!certificate.has_value()) return absl::OkStatus();
  origins.Forget("tls_identities[");
  gateway.clear_tls_identities();
  auto* identity = gateway.add_tls_identities();
  identity->set_certificate_file(std::string(*certificate));
  identity->set_key_file(std::string(*key));
  origins.Set("tls_identities[0].certificate_file", "TLS_CERT_FILE");
  origins.Set("tls_identities[0].key_file", "TLS_KEY_FILE");
  return absl::OkStatus();
}

absl::Status ApplyPort(const Environment& environment, GatewayConfig& gateway,
                       Origins& origins) {
  ASSIGN_OR_RETURN(const auto port, GetNumber(environment, "PORT", 0, 65535));
  if (!port.has_value()) return absl::OkStatus();
  gateway.mutable_listener()->set_port(*port);
  origins.Set("listener.port", "PORT");
  return absl::OkStatus();
}

struct LimitVariable {
  const char* name;
  const char* path;
  void (Limits::*set)(uint32_t);
  uint64_t least;
  uint64_t most;
  uint32_t unit;  // the variable's unit in that of the field
};

constexpr LimitVariable kLimitVariables[] = {
    {"RATE_LIMIT_REQUESTS", "limits.global_requests",
     &Limits::set_global_requests, 0, 1'000'000'000, 1},
    {"RATE_LIMIT_WINDOW", "limits.global_window_ms",
     &Limits::set_global_window_ms, 1, kMaxWindowSeconds, 1000},
    {"IP_RATE_LIMIT_REQUESTS", "limits.address_requests",
     &Limits::set_address_requests, 0, 1'000'000'000, 1},
    {"IP_RATE_LIMIT_WINDOW", "limits.address_window_ms",
     &Limits::set_address_window_ms, 1, kMaxWindowSeconds, 1000},
};

absl::Status ApplyLimits(const Environment& environment, GatewayConfig& gateway,
                         Origins& origins) {
  for (const LimitVariable& variable : kLimitVariables) {
    ASSIGN_OR_RETURN(
        const auto number,
        GetNumber(environment, variable.name, variable.least, variable.most));
    if (!number.has_value()) continue;
    (gateway.mutable_limits()->*variable.set)(*number * variable.unit);
    origins.Set(variable.path, variable.name);
  }
  return absl::OkStatus();
}

void ApplySwitches(const Environment& environment, GatewayConfig& gateway,
                   Origins& origins) {
  if (const auto text = environment.Get("FORCE_HTTPS")) {
    gateway.mutable_listener()->set_force_https(IsTrue(*text));
    origins.Set("listener.force_https", "FORCE_HTTPS");
  }
  if (const auto text = environment.Get("TRUST_PROXY")) {
    gateway.mutable_listener()->set_trust_proxy(IsTrue(*text));
    origins.Set("listener.trust_proxy", "TRUST_PROXY");
  }
}

void ApplyPaths(const Environment& environment, GatewayConfig& gateway,
                Origins& origins) {
  if (const auto path = environment.Get("API_KEYS_FILE")) {
    gateway.mutable_keys()->set_keys_file(std::string(*path));
    origins.Set("keys.keys_file", "API_KEYS_FILE");
  }
  if (const auto path = environment.Get("HOLT_STATE_DIR")) {
    gateway.set_state_dir(std::string(*path));
    origins.Set("state_dir", "HOLT_STATE_DIR");
  }
}

void NoticeUnused(const Environment& environment,
                  std::vector<std::string>& notices) {
  constexpr std::pair<const char*, const char*> kUnused[] = {
      {"PBKDF2_SALT", "sign-ins are not derived from it"},
      {"SETTINGS_FILE", "limits set at run time are kept by the admin-service"},
      {"USAGE_FILE", "usage is kept in the ledger of the admin-service"},
      {"ADMIN_PASSWORD", "there is no web console to sign in to yet"},
  };
  for (const auto& [name, reason] : kUnused) {
    if (!environment.Get(name).has_value()) continue;
    notices.push_back(
        absl::StrCat(name, " is accepted and not used: ", reason));
  }
}

EnvironmentKey MakeKey(absl::string_view key, size_t position) {
  uint8_t digest[SHA256_DIGEST_LENGTH];
  ::SHA256(reinterpret_cast<const uint8_t*>(key.data()), key.size(), digest);
  EnvironmentKey made;
  made.set_key_id(absl::StrCat("env_key_", position));
  made.set_digest(digest, sizeof(digest));
  // Four characters of a short key would be much of it.
  if (key.size() >= kShortKey) {
    made.set_hint(std::string(key.substr(key.size() - kHintSize)));
  }
  return made;
}

}  // namespace

absl::Status ApplyEnvironment(const Environment& environment,
                              GatewayConfig& gateway, Origins& origins,
                              std::vector<std::string>& notices) {
  RETURN_IF_ERROR(ApplyUpstream(environment, gateway, origins));
  RETURN_IF_ERROR(ApplyPort(environment, gateway, origins));
  RETURN_IF_ERROR(ApplyTls(environment, gateway, origins));
  RETURN_IF_ERROR(ApplyLimits(environment, gateway, origins));
  ApplySwitches(environment, gateway, origins);
  ApplyPaths(environment, gateway, origins);
  NoticeUnused(environment, notices);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<EnvironmentKey>> ReadEnvironmentKeys(
    const Environment& environment, std::vector<std::string>& notices) {
  std::vector<EnvironmentKey> keys;
  const auto list = environment.Get("API_KEYS");
  if (!list.has_value()) return keys;
  size_t position = 0;
  for (const absl::string_view part : absl::StrSplit(*list, ',')) {
    const absl::string_view key = absl::StripAsciiWhitespace(part);
    const size_t here = position++;
    if (key.empty()) continue;
    if (key.size() < kShortKey) {
      notices.push_back(
          absl::StrCat("API_KEYS: the key at position ", here,
                       " is shorter than 16 characters and could be guessed; "
                       "replace it"));
    }
    EnvironmentKey made = MakeKey(key, here);
    const bool twice =
        std::any_of(keys.begin(), keys.end(), [&](const EnvironmentKey& other) {
          return other.digest() == made.digest();
        });
    if (twice) {
      return Complain("API_KEYS",
                      absl::StrCat("the key at position ", here,
                                   " is in the list already; remove one"));
    }
    keys.push_back(std::move(made));
  }
  return keys;
}

}  // namespace holt::supervisor
