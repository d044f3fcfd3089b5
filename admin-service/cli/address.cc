#include "admin-service/cli/address.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"

namespace holt::admin::cli {
namespace {

constexpr char kSocketName[] = "admin.sock";

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string DefaultPath() {
  if (const std::string dir = Environment("HOLT_STATE_DIR"); !dir.empty()) {
    return absl::StrCat(dir, "/", kSocketName);
  }
  if (const std::string dir = Environment("XDG_STATE_HOME"); !dir.empty()) {
    return absl::StrCat(dir, "/holt/", kSocketName);
  }
  return absl::StrCat(Environment("HOME"), "/.local/state/holt/", kSocketName);
}

absl::Status Explain(int error_number, const std::string& path) {
  switch (error_number) {
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(absl::StrCat(
          "you may not open ", path,
          ": run holtctl as the user who started Holt, or as root"));
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED:
      return absl::UnavailableError(absl::StrCat(
          "no Holt answers at ", path,
          ": start it, or name its socket with --address or its folder with "
          "HOLT_STATE_DIR"));
    default:
      return Annotate(ErrnoToStatus(error_number, path), "cannot connect");
  }
}

}  // namespace

absl::StatusOr<std::string> FindAddress(absl::string_view flag) {
  std::string address(flag);
  if (address.empty()) address = Environment("HOLTCTL_ADDRESS");
  if (address.empty()) return DefaultPath();
  absl::string_view path = address;
  absl::ConsumePrefix(&path, "unix:");
  if (absl::StartsWith(path, "//")) path.remove_prefix(2);
  if (path.empty() || !absl::StrContains(path, '/')) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", address,
        "\" is no address of Holt: give the path of its socket, such as "
        "/run/holt/admin.sock"));
  }
  return std::string(path);
}

// A socket address has room for 107 bytes of path; the folder's descriptor
// makes any path that short.
absl::StatusOr<UniqueFd> Connect(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == 0 ? "/" : path.substr(0, slash);
  const UniqueFd directory(
      ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return Explain(errno, path);
  const std::string name =
      absl::StrCat("/proc/self/fd/", directory.get(), path.substr(slash));
  sockaddr_un address = {.sun_family = AF_UNIX};
  if (name.size() >= sizeof(address.sun_path)) return Explain(ENOENT, path);
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return Explain(errno, path);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) != 0) {
    return Explain(errno, path);
  }
  if (::fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0) {
    return Explain(errno, path);
  }
  return socket;
}

}  // namespace holt::admin::cli
