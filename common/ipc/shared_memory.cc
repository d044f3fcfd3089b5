#include "common/ipc/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace holt {

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  if (this != &other) {
    if (data_ != nullptr) ::munmap(data_, size_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Mapping::~Mapping() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

absl::StatusOr<Mapping> Mapping::Map(int fd, size_t size, Access access) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return ErrnoToStatus(errno, "shared memory");
  if (info.st_size < 0 || static_cast<size_t>(info.st_size) != size) {
    return absl::InvalidArgumentError(
        absl::StrCat("shared memory has ", info.st_size, " bytes, not ", size));
  }
  const int protection =
      access == Access::kReadOnly ? PROT_READ : PROT_READ | PROT_WRITE;
  void* data = ::mmap(nullptr, size, protection, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return ErrnoToStatus(errno, "mapping shared memory");
  return Mapping(static_cast<uint8_t*>(data), size);
}

absl::StatusOr<UniqueFd> MakeSharedMemory(const char* name, size_t size) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) return ErrnoToStatus(errno, "making shared memory");
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
    return ErrnoToStatus(errno, "sizing shared memory");
  }
  if (::fcntl(fd.get(), F_ADD_SEALS,
              F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return ErrnoToStatus(errno, "sealing shared memory");
  }
  return fd;
}

absl::StatusOr<UniqueFd> MakeSealedFile(const char* name,
                                        absl::string_view contents) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) return ErrnoToStatus(errno, "making a sealed file");
  size_t done = 0;
  while (done < contents.size()) {
    const ssize_t wrote =
        ::write(fd.get(), contents.data() + done, contents.size() - done);
    if (wrote < 0) {
      if (errno == EINTR) continue;
      return ErrnoToStatus(errno, "filling a sealed file");
    }
    done += static_cast<size_t>(wrote);
  }
  if (::fcntl(fd.get(), F_ADD_SEALS,
              F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return ErrnoToStatus(errno, "sealing a file");
  }
  return fd;
}

absl::StatusOr<std::string> ReadSealedFile(int fd, size_t max_size) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return ErrnoToStatus(errno, "sealed file");
  if (info.st_size < 0 || static_cast<size_t>(info.st_size) > max_size) {
    return absl::ResourceExhaustedError("sealed file is too large");
  }
  std::string contents(static_cast<size_t>(info.st_size), '\0');
  size_t done = 0;
  while (done < contents.size()) {
    const ssize_t got =
        ::pread(fd, contents.data() + done, contents.size() - done,
                static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return ErrnoToStatus(errno, "reading a sealed file");
    done += static_cast<size_t>(got);
  }
  return contents;
}

absl::StatusOr<UniqueFd> ReopenReadOnly(int fd) {
  const std::string path = absl::StrCat("/proc/self/fd/", fd);
  UniqueFd copy(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!copy.valid()) return ErrnoToStatus(errno, "reopening shared memory");
  return copy;
}

}  // namespace holt
