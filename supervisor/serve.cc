#include "supervisor/serve.h"

#include <limits.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/secret/openssl_arena.h"
#include "common/secret/secret_input.h"
#include "supervisor/announcement.h"
#include "supervisor/config/config_defaults.h"
#include "supervisor/keys_file_watch.h"
#include "supervisor/node_resources.h"
#include "supervisor/node_secrets.h"
#include "supervisor/process_setup.h"
#include "supervisor/settings_builder.h"
#include "supervisor/supervisor.h"

namespace holt::supervisor {
namespace {

// All that is known before anything is opened or started.
struct Prepared {
  SecretArena* arena = nullptr;
  NodeConfig config;
  NodeOptions options;
  SecretBytes environment_credential;
  std::unique_ptr<Vault> vault;
};

absl::StatusOr<std::string> OwnFolder() {
  char path[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof(path));
  if (size <= 0) {
    return absl::FailedPreconditionError(
        "cannot tell where this program is: use --bin-dir");
  }
  const std::string whole(path, static_cast<size_t>(size));
  return whole.substr(0, whole.rfind('/'));
}

absl::StatusOr<SecretBytes> TakeCredential(const NodeConfig& config,
                                           SecretArena& arena) {
  constexpr char kName[] = "PRIVATEMODE_API_KEY";
  if (!config.environment_credential) return SecretBytes();
  ASSIGN_OR_RETURN(SecretBytes credential,
                   TakeEnvironmentSecret(arena, kName, kMaxCredential));
  credential.TrimTrailingSpace();
  RETURN_IF_ERROR(CheckCredential(credential, kName));
  return credential;
}

// One that is missing may come later; one that cannot be read is a mistake that
// nobody would notice.
absl::Status CheckKeysFile(const NodeConfig& config) {
  KeysFileWatch watch(config.gateway.keys().keys_file());
  UniqueFd file;
  if (watch.Look(file) != KeysFileWatch::Seen::kUnreadable) {
    return absl::OkStatus();
  }
  return config.origins.Complain(
      "keys.keys_file",
      absl::StrCat(watch.path(),
                   " cannot be read: it must be a regular file, "
                   "no link, that user ",
                   ::geteuid(), " may read"));
}

absl::Status ReadConfiguration(const CommandLine& line,
                               Environment& environment, Prepared& prepared) {
  std::string path = line.config;
  if (path.empty())
    path = std::string(environment.Get("HOLT_CONFIG").value_or(""));
  ASSIGN_OR_RETURN(prepared.config,
                   LoadNodeConfig(path, environment, UsableCpus()));
  ASSIGN_OR_RETURN(prepared.options.state_dir,
                   ChooseStateDirectory(prepared.config.gateway, environment));
  prepared.options.bin_dir = line.bin_dir;
  if (line.bin_dir.empty()) {
    ASSIGN_OR_RETURN(prepared.options.bin_dir, OwnFolder());
  }
  prepared.options.demo = line.demo_upstream;
  return CheckKeysFile(prepared.config);
}

void TellNotices(const NodeConfig& config, const TlsIdentities& identities) {
  for (const std::string& notice : config.notices) {
    Log(Severity::kWarning, "configuration")
        .Text("notice", OperatorText(notice));
  }
  for (const TlsIdentity& identity : identities.all()) {
    std::string warning = identity.Warning(Clock::Real().Now());
    if (warning.empty()) continue;
    Log(Severity::kWarning, "certificate")
        .Text("notice", OperatorText(std::move(warning)));
  }
}

// The arena must be there before the first call of OpenSSL, and the first of
// those is the digest of a key.
absl::StatusOr<Prepared> Prepare(const CommandLine& line,
                                 Environment& environment) {
  RETURN_IF_ERROR(HardenProcess());
  Prepared prepared;
  ASSIGN_OR_RETURN(auto arena, SecretArena::Create({}));
  ASSIGN_OR_RETURN(prepared.arena, RouteOpenSslAllocations(std::move(arena)));
  RETURN_IF_ERROR(ReadConfiguration(line, environment, prepared));
  ASSIGN_OR_RETURN(prepared.environment_credential,
                   TakeCredential(prepared.config, *prepared.arena));
  environment.Scrub();
  prepared.vault = std::make_unique<Vault>(*prepared.arena, Clock::Real());
  ASSIGN_OR_RETURN(auto identities,
                   LoadIdentities(prepared.config, *prepared.arena));
  TellNotices(prepared.config, *identities);
  prepared.vault->SetIdentities(std::move(identities));
  RETURN_IF_ERROR(LoadCredentials(prepared.config,
                                  prepared.environment_credential,
                                  *prepared.vault)
                      .status());
  return prepared;
}

absl::Status CheckOnly(const Prepared& prepared) {
  const auto& gateway = prepared.config.gateway;
  RETURN_IF_ERROR(ReadAuthorities(prepared.config).status());
  if (!gateway.sidecar().command().empty()) {
    RETURN_IF_ERROR(OpenProgram(gateway.sidecar().command()).status());
  }
  std::string upstreams;
  for (const auto& upstream : gateway.upstreams()) {
    absl::StrAppend(&upstreams, ", upstream ", upstream.name(), " ",
                    upstream.url());
  }
  WriteText(STDOUT_FILENO,
            absl::StrCat("configuration is fine: ",
                         prepared.config.tls() ? "https" : "http", " on ",
                         gateway.listener().address(), " port ",
                         gateway.listener().port(), upstreams, ", ",
                         gateway.processes().workers(), " workers, state in ",
                         prepared.options.state_dir, "\n"));
  return absl::OkStatus();
}

using Managed = std::vector<std::pair<ManagedProgram, pid_t>>;

absl::Status AddSidecar(const Prepared& prepared, const NodeResources& node,
                        Managed& managed) {
  const auto& sidecar = node.config.gateway.sidecar();
  if (sidecar.command().empty()) return absl::OkStatus();
  UniqueFd file;
  if (const SecretBytes* credential = prepared.vault->credential(0)) {
    ASSIGN_OR_RETURN(file, MakeCredentialFile(*credential));
  }
  ASSIGN_OR_RETURN(
      ManagedProgram program,
      ManagedProgram::MakeSidecar(
          sidecar, node.state, node.UserOf(Role::kManaged), std::move(file)));
  managed.emplace_back(std::move(program), 0);
  return absl::OkStatus();
}

// The demo runs before the settings are made, for they name its port.
absl::Status AddDemo(const Prepared& prepared, NodeResources& node,
                     Managed& managed) {
  if (!prepared.options.demo) return absl::OkStatus();
  ASSIGN_OR_RETURN(ManagedProgram program,
                   ManagedProgram::MakeDemoUpstream(
                       prepared.options.bin_dir, node.UserOf(Role::kManaged)));
  ASSIGN_OR_RETURN(const ManagedProgram::Started started, program.StartDemo());
  UseDemoUpstream(started.port, node.config);
  managed.emplace_back(std::move(program), started.pid);
  return absl::OkStatus();
}

absl::StatusOr<int> Supervise(Prepared prepared) {
  RETURN_IF_ERROR(
      CheckSwapOfMachine(prepared.config.gateway.processes().allow_swap()));
  const std::string secrets(prepared.arena->kind_name());
  const bool demo = prepared.options.demo;
  ASSIGN_OR_RETURN(
      NodeResources node,
      NodeResources::Open(std::move(prepared.config), prepared.options));
  Managed managed;
  RETURN_IF_ERROR(AddSidecar(prepared, node, managed));
  RETURN_IF_ERROR(AddDemo(prepared, node, managed));
  RETURN_IF_ERROR(node.MakeSettings(prepared.options, secrets));
  RETURN_IF_ERROR(node.SetIdentities(*prepared.vault->identities()));
  RETURN_IF_ERROR(DropCapabilities());
  const auto announce = [&node, &secrets, demo] {
    WriteText(STDOUT_FILENO, ReadyLine(node));
    WriteText(STDERR_FILENO, Banner(node, secrets, demo));
  };
  ASSIGN_OR_RETURN(const auto supervisor,
                   Supervisor::Create(
                       {node, *prepared.vault, prepared.environment_credential,
                        Clock::Real(), announce, std::move(managed)}));
  return supervisor->Run();
}

absl::StatusOr<int> Start(const CommandLine& line, Environment& environment) {
  ASSIGN_OR_RETURN(Prepared prepared, Prepare(line, environment));
  if (!line.check_config) return Supervise(std::move(prepared));
  RETURN_IF_ERROR(CheckOnly(prepared));
  return 0;
}

}  // namespace

int Serve(const CommandLine& line, Environment& environment) {
  const absl::StatusOr<int> code = Start(line, environment);
  if (code.ok()) return *code;
  WriteText(STDERR_FILENO,
            absl::StrCat("holt-supervisor: ", code.status().message(), "\n"));
  return 1;
}

}  // namespace holt::supervisor
