#include "supervisor/child_table.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/secret/secret_arena.h"

namespace holt::supervisor {
namespace {

constexpr uint32_t kWorkerFiles = 65'536;
constexpr uint32_t kOtherFiles = 4'096;

std::vector<Placement> DescriptorsOf(Role role, const NodeResources& node,
                                     const OwnDescriptors& own) {
  std::vector<Placement> table = {
      {kSupervisorChannelFd, own.channel},
      {kSandboxFd, node.sandbox(role).get()},
      {kCountersFd, own.counters},
  };
  const auto add = [&table](int number, int fd) {
    table.push_back({number, fd});
  };
  switch (role) {
    case Role::kWorker:
      add(kSettingsFd, own.settings);
      add(kWorkerListenerFd, node.listener.socket.get());
      add(kWorkerKeyTableFd, node.key_table_read_only.get());
      add(kWorkerJournalFd, own.journal);
      add(kWorkerLimiterFd, node.limiter.get());
      add(kWorkerCertificatesFd, node.certificates.get());
      add(kWorkerAuthoritiesFd, node.authorities.get());
      break;
    case Role::kCourier:
      add(kSettingsFd, node.courier_settings.get());
      add(kCourierKeyTableFd, node.key_table.get());
      break;
    case Role::kConnector:
      add(kSettingsFd, node.connector_settings.get());
      break;
    case Role::kAdminService:
      add(kSettingsFd, node.admin_settings.get());
      add(kAdminStateDirFd, node.admin_directory.get());
      add(kAdminListenerFd, node.admin_listener.get());
      break;
    case Role::kSupervisor:
    case Role::kManaged:
      HOLT_CHECK(false);
  }
  return table;
}

// What is wanted, or as many as the system grants.
uint32_t OpenFilesOf(Role role) {
  const uint32_t wanted = role == Role::kWorker ? kWorkerFiles : kOtherFiles;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  return static_cast<uint32_t>(std::min<rlim_t>(wanted, limit.rlim_max));
}

// A size limit of zero would also forbid log lines to a file.
bool LogsToFile() {
  struct stat info {};
  return ::fstat(STDERR_FILENO, &info) == 0 && S_ISREG(info.st_mode);
}

// A new API key passes once through the admin-service, and gRPC keeps copies of
// it in memory of its own making. With this the C library overwrites every
// block that is freed; blocks kept in per-thread caches would escape it.
constexpr char kFillFreedMemory[] =
    "GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.perturb=165";

}  // namespace

LaunchSpec MakeLaunchSpec(Role role, const NodeResources& node,
                          const OwnDescriptors& own) {
  LaunchSpec spec;
  spec.binary = node.program(role).get();
  spec.arguments = {absl::StrCat("holt-", NameOf(role).text()),
                    absl::StrCat("--parent=", ::getpid())};
  spec.descriptors = DescriptorsOf(role, node, own);
  spec.user = node.UserOf(role);
  spec.open_files = OpenFilesOf(role);
  // Sizing a worker's secret memory counts as growing a file.
  spec.max_file_size = role == Role::kWorker ? kWorkerArenaSize : 0;
  if (role == Role::kAdminService || LogsToFile()) spec.max_file_size.reset();
  if (role == Role::kAdminService) {
    spec.working_directory = node.admin_directory.get();
    spec.environment = {kFillFreedMemory};
  }
  return spec;
}

Word NameOf(Role role) {
  switch (role) {
    case Role::kSupervisor:
      return "supervisor";
    case Role::kWorker:
      return "worker";
    case Role::kCourier:
      return "courier";
    case Role::kConnector:
      return "connector";
    case Role::kAdminService:
      return "admin-service";
    case Role::kManaged:
      return "managed";
  }
  return "unknown";
}

}  // namespace holt::supervisor
