#include "common/secret/secret_input.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status_macros.h"
#include "common/base/unique_fd.h"
#include "common/secret/secret_access.h"

namespace holt {
namespace {

absl::Status OpenError(int error_number, const std::string& path) {
  switch (error_number) {
    case ENOENT:
      return absl::NotFoundError(absl::StrCat(path, " does not exist"));
    case ELOOP:
      return absl::InvalidArgumentError(absl::StrCat(
          path, " is a symbolic link: name the file it points to"));
    case EACCES:
      return absl::PermissionDeniedError(
          absl::StrCat(path, " cannot be read by user ", ::geteuid(),
                       ": make that user its owner"));
    default:
      return ErrnoToStatus(error_number, absl::StrCat("opening ", path));
  }
}

absl::Status TooLarge(const std::string& name, size_t max_size) {
  return absl::ResourceExhaustedError(absl::StrCat(
      name, " is larger than the ", max_size, " bytes it may have"));
}

absl::Status CheckOwnerOnly(const struct stat& info, const std::string& path) {
  if (info.st_uid != 0 && info.st_uid != ::geteuid()) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, " belongs to user ", info.st_uid,
                     ": it must be owned by root or by user ", ::geteuid(),
                     " (chown ", ::geteuid(), " ", path, ")"));
  }
  if ((info.st_mode & 077) != 0) {
    return absl::PermissionDeniedError(
        absl::StrFormat("%s has mode %04o, so that others than its owner can "
                        "use it: run chmod 600 %s",
                        path, info.st_mode & 07777, path));
  }
  return absl::OkStatus();
}

absl::Status CheckFile(const struct stat& info, const std::string& path,
                       size_t max_size, FileAudience audience) {
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is not a regular file"));
  }
  if (audience == FileAudience::kOwnerOnly) {
    RETURN_IF_ERROR(CheckOwnerOnly(info, path));
  }
  if (info.st_size > static_cast<off_t>(max_size)) {
    return TooLarge(path, max_size);
  }
  return absl::OkStatus();
}

// An environment block may name a variable more than once: the first counts,
// none may stay.
void OverwriteAndUnset(const std::string& name) {
  const std::string start = absl::StrCat(name, "=");
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!absl::StartsWith(*entry, start)) continue;
    char* value = *entry + start.size();
    ::explicit_bzero(value, ::strlen(value));
  }
  ::unsetenv(name.c_str());
}

}  // namespace

absl::StatusOr<SecretBytes> ReadSecretDescriptor(SecretArena& arena, int fd,
                                                 const std::string& name,
                                                 size_t max_size) {
  // One byte more than allowed, to see that there is no more.
  SecretBytes secret(arena, max_size + 1);
  const absl::Span<uint8_t> room = secret.RevealMutable(SecretAccess());
  size_t size = 0;
  while (size < room.size()) {
    const ssize_t got = ::read(fd, room.data() + size, room.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoToStatus(errno, absl::StrCat("reading ", name));
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > max_size) return TooLarge(name, max_size);
  if (size == 0) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is empty"));
  }
  secret.Shrink(size);
  return secret;
}

absl::StatusOr<SecretBytes> ReadSecretFile(SecretArena& arena,
                                           const std::string& path,
                                           size_t max_size,
                                           FileAudience audience) {
  // Non-blocking, so that a pipe in the file's place cannot hold us up.
  const UniqueFd fd(::open(
      path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return OpenError(errno, path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return OpenError(errno, path);
  RETURN_IF_ERROR(CheckFile(info, path, max_size, audience));
  return ReadSecretDescriptor(arena, fd.get(), path, max_size);
}

absl::StatusOr<SecretBytes> TakeEnvironmentSecret(SecretArena& arena,
                                                  const std::string& name,
                                                  size_t max_size) {
  const char* value = ::getenv(name.c_str());
  if (value == nullptr) {
    return absl::NotFoundError(absl::StrCat(name, " is not set"));
  }
  const size_t size = ::strlen(value);
  SecretBytes secret;
  if (size <= max_size) {
    secret = SecretBytes(arena, size);
    ::memcpy(secret.RevealMutable(SecretAccess()).data(), value, size);
  }
  OverwriteAndUnset(name);
  if (size > max_size) return TooLarge(name, max_size);
  return secret;
}

}  // namespace holt
