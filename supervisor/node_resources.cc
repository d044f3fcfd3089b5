#include "supervisor/node_resources.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "common/base/version.h"
#include "common/ipc/key_table.h"
#include "common/ipc/limiter.h"
#include "common/ipc/shared_memory.h"
#include "supervisor/launcher.h"
#include "supervisor/process_setup.h"
#include "supervisor/settings_builder.h"

namespace holt::supervisor {
namespace {

struct Program {
  Role role;
  const char* file;
};
constexpr Program kPrograms[] = {
    {Role::kWorker, "holt-worker"},
    {Role::kCourier, "holt-courier"},
    {Role::kConnector, "holt-connector"},
    {Role::kAdminService, "holt-admin-service"},
};

size_t IndexOf(Role role) { return static_cast<size_t>(role); }

std::vector<uint16_t> UpstreamPorts(const NodeConfig& config) {
  std::vector<uint16_t> ports;
  for (const UpstreamUrl& url : config.upstream_urls) ports.push_back(url.port);
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  return ports;
}

}  // namespace

absl::StatusOr<NodeResources> NodeResources::Open(NodeConfig config,
                                                  const NodeOptions& options) {
  NodeResources node;
  node.config = std::move(config);
  node.separate_users =
      CanSeparateUsers(node.config.gateway.processes().first_uid());
  node.sandbox_report = ProbeSandbox();
  ASSIGN_OR_RETURN(
      const SandboxLevel minimum,
      ParseSandboxLevel(node.config.gateway.processes().sandbox_minimum()));
  RETURN_IF_ERROR(RequireSandbox(node.sandbox_report, minimum));
  RETURN_IF_ERROR(node.OpenPrograms(options));
  RETURN_IF_ERROR(node.OpenState(options));
  const auto& listener = node.config.gateway.listener();
  ASSIGN_OR_RETURN(node.listener,
                   OpenPublicListener(listener.address(),
                                      static_cast<uint16_t>(listener.port())));
  RETURN_IF_ERROR(node.OpenSharedMemory());
  return node;
}

absl::Status NodeResources::OpenPrograms(const NodeOptions& options) {
  for (const Program& program : kPrograms) {
    ASSIGN_OR_RETURN(
        programs_[IndexOf(program.role)],
        OpenProgram(absl::StrCat(options.bin_dir, "/", program.file)));
  }
  return absl::OkStatus();
}

absl::Status NodeResources::OpenState(const NodeOptions& options) {
  ASSIGN_OR_RETURN(state, StateDir::Open(options.state_dir));
  ASSIGN_OR_RETURN(admin_directory, state.OpenSubdirectory(
                                        "admin", UserOf(Role::kAdminService)));
  ASSIGN_OR_RETURN(admin_listener, OpenAdminListener(state.fd(), "admin.sock"));
  // Slots of an earlier run with more workers may hold records still.
  ASSIGN_OR_RETURN(const std::vector<uint16_t> slots, state.JournalSlots());
  for (const uint16_t slot : slots) RETURN_IF_ERROR(Journal(slot).status());
  return absl::OkStatus();
}

absl::Status NodeResources::OpenSharedMemory() {
  ASSIGN_OR_RETURN(key_table, MakeSharedMemory("holt-key-table",
                                               KeyTableSize(kDefaultMaxKeys)));
  ASSIGN_OR_RETURN(key_table_read_only, ReopenReadOnly(key_table.get()));
  ASSIGN_OR_RETURN(
      limiter, MakeSharedMemory("holt-limiter", LimiterSize(kDefaultMaxKeys)));
  return absl::OkStatus();
}

absl::Status NodeResources::MakeSettings(const NodeOptions& options,
                                         const std::string& secrets) {
  RETURN_IF_ERROR(MakeSandboxes());
  ASSIGN_OR_RETURN(const std::string pem, ReadAuthorities(config));
  ASSIGN_OR_RETURN(authorities, MakeSealedFile("holt-authorities", pem));
  ASSIGN_OR_RETURN(const ConnectorSettings connector,
                   BuildConnectorSettings(config));
  ASSIGN_OR_RETURN(connector_settings,
                   MakeSettingsFile("holt-connector-settings", connector));
  ASSIGN_OR_RETURN(courier_settings, MakeSettingsFile("holt-courier-settings",
                                                      BuildCourierSettings()));
  return MakeAdminSettings(options, secrets);
}

absl::Status NodeResources::MakeSandboxes() {
  SandboxOptions options;
  options.available = sandbox_report;
  options.connect_ports = UpstreamPorts(config);
  for (const Program& program : kPrograms) {
    ASSIGN_OR_RETURN(sandboxes_[IndexOf(program.role)],
                     MakeSandboxFile(program.role, options));
  }
  return absl::OkStatus();
}

absl::Status NodeResources::MakeAdminSettings(const NodeOptions& options,
                                              const std::string& secrets) {
  holt::config::v1::NodeInfo info;
  info.set_version(kVersion);
  info.set_endpoint(url());
  info.set_sandbox(sandbox_report.Describe());
  info.set_secrets(secrets);
  for (int i = 0; i < config.gateway.upstreams_size(); ++i) {
    const UpstreamUrl& upstream = config.upstream_urls[static_cast<size_t>(i)];
    info.add_upstreams(absl::StrCat(config.gateway.upstreams(i).name(), " ",
                                    upstream.tls ? "https" : "http", "://",
                                    upstream.authority, upstream.path_prefix));
  }
  info.set_demo(options.demo);
  info.set_start_unix_ms(absl::ToUnixMillis(Clock::Real().Now()));
  info.set_workers(worker_count());
  // Whoever started the node may administer it.
  const uint32_t operators[] = {::geteuid()};
  ASSIGN_OR_RETURN(admin_settings,
                   MakeSealedFile("holt-admin-settings",
                                  BuildAdminSettings(config, info, operators)));
  return absl::OkStatus();
}

absl::Status NodeResources::SetIdentities(const TlsIdentities& identities) {
  std::vector<std::string> chains;
  std::vector<KeyKind> kinds;
  for (const TlsIdentity& identity : identities.all()) {
    chains.push_back(identity.chain_pem());
    kinds.push_back(identity.kind());
  }
  ASSIGN_OR_RETURN(
      UniqueFd made,
      MakeSealedFile("holt-certificates", BuildCertificatesFile(chains)));
  certificates = std::move(made);
  identity_kinds_ = std::move(kinds);
  return absl::OkStatus();
}

std::optional<uid_t> NodeResources::UserOf(Role role) const {
  if (!separate_users || role == Role::kSupervisor) return std::nullopt;
  return config.gateway.processes().first_uid() +
         static_cast<uid_t>(IndexOf(role)) - 1;
}

absl::StatusOr<int> NodeResources::Journal(uint16_t slot) {
  const auto found = journals.find(slot);
  if (found != journals.end()) return found->second.get();
  ASSIGN_OR_RETURN(UniqueFd opened, state.OpenJournal(slot));
  const int fd = opened.get();
  journals.emplace(slot, std::move(opened));
  return fd;
}

absl::StatusOr<UniqueFd> NodeResources::MakeWorkerSettings(
    uint16_t slot) const {
  ASSIGN_OR_RETURN(const WorkerSettings settings,
                   BuildWorkerSettings(config, identity_kinds_, slot));
  return MakeSettingsFile("holt-worker-settings", settings);
}

}  // namespace holt::supervisor
