#include "supervisor/managed_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"

namespace holt::supervisor {
namespace {

constexpr int kCredentialAt = 10;
constexpr char kCredentialMark[] = "{credential}";
constexpr uint32_t kOpenFiles = 4'096;
constexpr int kDemoStartMillis = 10'000;

absl::StatusOr<UniqueFd> OpenWorkingDirectory(
    const holt::config::v1::Sidecar& sidecar, const StateDir& state,
    std::optional<uid_t> user) {
  if (sidecar.working_directory().empty()) {
    return state.OpenSubdirectory("sidecar", user);
  }
  UniqueFd directory(::open(sidecar.working_directory().c_str(),
                            O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) {
    return ErrnoToStatus(errno, absl::StrCat("cannot use the sidecar's working "
                                             "directory ",
                                             sidecar.working_directory()));
  }
  return directory;
}

// One line, read with a limit of time and size.
absl::StatusOr<std::string> ReadLine(int fd) {
  std::string line;
  while (line.size() < 64) {
    pollfd ready{fd, POLLIN, 0};
    const int count = ::poll(&ready, 1, kDemoStartMillis);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    char byte = 0;
    if (::read(fd, &byte, 1) != 1) break;
    if (byte == '\n') return line;
    line.push_back(byte);
  }
  return absl::UnavailableError("the demo upstream did not start");
}

absl::StatusOr<uint16_t> ParseListening(absl::string_view line) {
  uint32_t port = 0;
  if (!absl::ConsumePrefix(&line, "listening 127.0.0.1:") ||
      !absl::SimpleAtoi(line, &port) || port < 1 || port > 65'535) {
    return absl::InternalError("the demo upstream did not tell its port");
  }
  return static_cast<uint16_t>(port);
}

}  // namespace

absl::StatusOr<ManagedProgram> ManagedProgram::MakeSidecar(
    const holt::config::v1::Sidecar& sidecar, const StateDir& state,
    std::optional<uid_t> user, UniqueFd credential) {
  ManagedProgram program;
  ASSIGN_OR_RETURN(program.binary_, OpenProgram(sidecar.command()));
  ASSIGN_OR_RETURN(program.directory_,
                   OpenWorkingDirectory(sidecar, state, user));
  program.credential_ = std::move(credential);
  LaunchSpec& spec = program.spec_;
  spec.binary = program.binary_.get();
  spec.binary_may_be_script = true;
  spec.arguments = {sidecar.command()};
  for (const std::string& argument : sidecar.arguments()) {
    if (!absl::StrContains(argument, kCredentialMark)) {
      spec.arguments.push_back(argument);
      continue;
    }
    if (!program.credential_.valid()) {
      return absl::InvalidArgumentError(
          "sidecar.arguments names {credential} and the first upstream has "
          "none: set PRIVATEMODE_API_KEY or credential_file");
    }
    const std::string path = absl::StrCat("/dev/fd/", kCredentialAt);
    spec.arguments.push_back(
        absl::StrReplaceAll(argument, {{kCredentialMark, path}}));
    spec.descriptors = {{kCredentialAt, program.credential_.get()}};
  }
  spec.environment.assign(sidecar.environment().begin(),
                          sidecar.environment().end());
  spec.working_directory = program.directory_.get();
  spec.user = user;
  spec.open_files = kOpenFiles;
  spec.max_file_size.reset();
  return program;
}

absl::StatusOr<ManagedProgram> ManagedProgram::MakeDemoUpstream(
    const std::string& bin_dir, std::optional<uid_t> user) {
  ManagedProgram program;
  ASSIGN_OR_RETURN(program.binary_,
                   OpenProgram(absl::StrCat(bin_dir, "/holt-demo-upstream")));
  program.spec_.binary = program.binary_.get();
  program.spec_.arguments = {"holt-demo-upstream",
                             absl::StrCat("--parent=", ::getpid())};
  program.spec_.user = user;
  program.spec_.open_files = kOpenFiles;
  program.spec_.max_file_size.reset();
  return program;
}

absl::StatusOr<ManagedProgram::Started> ManagedProgram::StartDemo() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return ErrnoToStatus(errno, "making a pipe");
  }
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  LaunchSpec spec = spec_;
  spec.standard_output = writing.get();
  Started started;
  ASSIGN_OR_RETURN(started.pid, Launch(spec));
  writing.reset();
  absl::StatusOr<uint16_t> port = [&]() -> absl::StatusOr<uint16_t> {
    ASSIGN_OR_RETURN(const std::string line, ReadLine(reading.get()));
    return ParseListening(line);
  }();
  if (!port.ok()) {
    ::kill(started.pid, SIGKILL);
    ::waitpid(started.pid, nullptr, 0);
    return port.status();
  }
  started.port = *port;
  spec_.arguments.push_back(absl::StrCat("--port=", started.port));
  return started;
}

}  // namespace holt::supervisor
