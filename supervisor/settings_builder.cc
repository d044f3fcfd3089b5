#include "supervisor/settings_builder.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/bytes.h"
#include "common/base/status_macros.h"

namespace holt::supervisor {
namespace {

using holt::config::v1::AdminServiceSettings;
using holt::config::v1::GatewayConfig;
using holt::config::v1::NodeInfo;
using holt::config::v1::Upstream;

constexpr char kSystemAuthorities[] = "/etc/ssl/certs/ca-certificates.crt";
constexpr size_t kMaxAuthoritiesSize = 4 << 20;

// What is not configurable.
constexpr uint32_t kMaxRequestLine = 8 << 10;
constexpr uint32_t kMaxFieldSize = 8 << 10;
constexpr uint32_t kMaxHeadSize = 32 << 10;
constexpr uint32_t kMaxFieldCount = 100;
constexpr uint32_t kMaxRequestsPerConnection = 1'000;
constexpr uint64_t kMaxBufferedPerExchange = 1 << 20;
constexpr uint64_t kMaxBufferedPerWorker = 512 << 20;
constexpr uint32_t kUpstreamIdleMs = 60'000;
constexpr uint32_t kKeepAliveCommentMs = 15'000;
constexpr uint32_t kConnectionMaxAgeMs = 3'600'000;
constexpr uint32_t kResolveIntervalMs = 30'000;
constexpr uint16_t kMaxDials = 64;
// A change of a key reaches workers within a second while the stream is up;
// the poll is the second way.
constexpr uint32_t kBatchIntervalMs = 200;
constexpr uint32_t kReportIntervalMs = 2'000;
constexpr uint32_t kPollIntervalMs = 2'000;

absl::StatusOr<UpstreamSettings> BuildUpstream(const NodeConfig& node,
                                               int index) {
  const Upstream& upstream = node.gateway.upstreams(index);
  const UpstreamUrl& url = node.upstream_urls[static_cast<size_t>(index)];
  UpstreamSettings settings{};
  RETURN_IF_ERROR(SetText(settings.name, upstream.name()));
  RETURN_IF_ERROR(SetText(settings.host, url.host));
  RETURN_IF_ERROR(SetText(settings.authority, url.authority));
  RETURN_IF_ERROR(SetText(settings.path_prefix, url.path_prefix));
  RETURN_IF_ERROR(SetText(settings.spki_pin, upstream.spki_pin()));
  settings.port = url.port;
  settings.tls = url.tls ? 1 : 0;
  settings.has_credential = node.HasCredential(index) ? 1 : 0;
  settings.max_connections = upstream.max_connections();
  return settings;
}

absl::Status FillUpstreams(const NodeConfig& node,
                           UpstreamSettings (&upstreams)[kMaxUpstreams],
                           uint16_t& count) {
  count = static_cast<uint16_t>(node.gateway.upstreams_size());
  for (int i = 0; i < node.gateway.upstreams_size(); ++i) {
    ASSIGN_OR_RETURN(upstreams[i], BuildUpstream(node, i));
  }
  return absl::OkStatus();
}

void FillListener(const GatewayConfig& gateway, WorkerSettings& settings) {
  const auto& listener = gateway.listener();
  settings.force_https = listener.force_https() ? 1 : 0;
  settings.trust_proxy = listener.trust_proxy() ? 1 : 0;
  settings.max_connections = listener.max_connections();
  settings.max_connections_per_address = listener.max_connections_per_address();
}

void FillLimits(const GatewayConfig& gateway, WorkerSettings& settings) {
  settings.max_request_line = kMaxRequestLine;
  settings.max_field_size = kMaxFieldSize;
  settings.max_head_size = kMaxHeadSize;
  settings.max_field_count = kMaxFieldCount;
  settings.max_requests_per_connection = kMaxRequestsPerConnection;
  settings.max_body_size = gateway.limits().max_body_bytes();
  settings.max_buffered_per_exchange = kMaxBufferedPerExchange;
  settings.max_buffered_per_worker = kMaxBufferedPerWorker;
  settings.max_concurrent_per_key = gateway.limits().max_concurrent_per_key();
}

void FillTimes(const GatewayConfig& gateway, WorkerSettings& settings) {
  const auto& timeouts = gateway.timeouts();
  settings.handshake_timeout = timeouts.handshake_ms();
  settings.head_timeout = timeouts.head_ms();
  settings.idle_timeout = timeouts.idle_ms();
  settings.body_gap_timeout = timeouts.body_gap_ms();
  settings.write_stall_timeout = timeouts.write_stall_ms();
  settings.connect_timeout = timeouts.connect_ms();
  settings.upstream_head_timeout = timeouts.upstream_head_ms();
  settings.upstream_gap_timeout = timeouts.upstream_gap_ms();
  settings.upstream_idle_timeout = kUpstreamIdleMs;
  settings.keep_alive_comment = kKeepAliveCommentMs;
  settings.connection_max_age = kConnectionMaxAgeMs;
}

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen(path.c_str(), "re"), &std::fclose);
  if (file == nullptr) {
    return ErrnoToStatus(errno,
                         absl::StrCat("cannot read the authorities in ", path));
  }
  std::string pem(kMaxAuthoritiesSize + 1, '\0');
  pem.resize(std::fread(&pem[0], 1, pem.size(), file.get()));
  if (pem.size() > kMaxAuthoritiesSize) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": authorities have at most ", kMaxAuthoritiesSize, " bytes"));
  }
  if (pem.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": no certificate is in it; authorities are given as PEM"));
  }
  return pem;
}

}  // namespace

absl::StatusOr<WorkerSettings> BuildWorkerSettings(
    const NodeConfig& node, absl::Span<const KeyKind> identities,
    uint16_t worker_index) {
  WorkerSettings settings{};
  settings.worker_index = worker_index;
  settings.worker_count =
      static_cast<uint16_t>(node.gateway.processes().workers());
  settings.tls = identities.empty() ? 0 : 1;
  settings.identity_count = static_cast<uint8_t>(identities.size());
  std::copy(identities.begin(), identities.end(), settings.identities);
  FillListener(node.gateway, settings);
  FillLimits(node.gateway, settings);
  FillTimes(node.gateway, settings);
  RETURN_IF_ERROR(
      FillUpstreams(node, settings.upstreams, settings.upstream_count));
  return settings;
}

absl::StatusOr<ConnectorSettings> BuildConnectorSettings(
    const NodeConfig& node) {
  ConnectorSettings settings{};
  settings.connect_timeout = node.gateway.timeouts().connect_ms();
  settings.resolve_interval = kResolveIntervalMs;
  settings.max_dials = kMaxDials;
  RETURN_IF_ERROR(
      FillUpstreams(node, settings.upstreams, settings.upstream_count));
  return settings;
}

CourierSettings BuildCourierSettings() {
  CourierSettings settings{};
  settings.batch_interval = kBatchIntervalMs;
  settings.report_interval = kReportIntervalMs;
  settings.poll_interval = kPollIntervalMs;
  return settings;
}

std::string BuildAdminSettings(const NodeConfig& node, const NodeInfo& info,
                               absl::Span<const uint32_t> operator_uids) {
  AdminServiceSettings settings;
  *settings.mutable_prices() = node.gateway.prices();
  settings.set_currency("EUR");
  *settings.mutable_limits() = node.gateway.limits();
  settings.set_max_staleness_ms(node.gateway.keys().max_staleness_ms());
  for (const auto& key : node.environment_keys) {
    *settings.add_environment_keys() = key;
  }
  settings.set_has_keys_file(!node.gateway.keys().keys_file().empty());
  for (const uint32_t uid : operator_uids) settings.add_operator_uids(uid);
  *settings.mutable_node() = info;
  return settings.SerializeAsString();
}

std::string BuildCertificatesFile(absl::Span<const std::string> chains) {
  std::string file;
  for (const std::string& chain : chains) {
    uint8_t length[sizeof(uint32_t)];
    Writer writer(absl::MakeSpan(length));
    writer.Put(static_cast<uint32_t>(chain.size()));
    file.append(reinterpret_cast<const char*>(length), sizeof(length));
    file.append(chain);
  }
  return file;
}

absl::StatusOr<std::string> ReadAuthorities(const NodeConfig& node) {
  std::set<std::string> paths;
  for (int i = 0; i < node.gateway.upstreams_size(); ++i) {
    const Upstream& upstream = node.gateway.upstreams(i);
    const bool checked_by_authority =
        node.upstream_urls[static_cast<size_t>(i)].tls &&
        upstream.spki_pin().empty();
    if (!upstream.ca_file().empty()) {
      paths.insert(upstream.ca_file());
    } else if (checked_by_authority) {
      paths.insert(kSystemAuthorities);
    }
  }
  std::string authorities;
  for (const std::string& path : paths) {
    ASSIGN_OR_RETURN(const std::string pem, ReadPem(path));
    absl::StrAppend(&authorities, pem, "\n");
  }
  return authorities;
}

void UseDemoUpstream(uint16_t port, NodeConfig& node) {
  UpstreamUrl url;
  url.host = "127.0.0.1";
  url.port = port;
  url.authority = absl::StrCat(url.host, ":", port);
  node.gateway.clear_upstreams();
  Upstream& demo = *node.gateway.add_upstreams();
  demo.set_name("demo");
  demo.set_url(absl::StrCat("http://", url.authority));
  demo.set_max_connections(256);
  node.upstream_urls = {url};
  node.environment_credential = false;
}

}  // namespace holt::supervisor
