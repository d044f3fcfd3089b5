#include "common/secret/secret_arena.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status_macros.h"
#include "common/base/unique_fd.h"

namespace holt {
namespace {

size_t PageSize() { return static_cast<size_t>(::sysconf(_SC_PAGESIZE)); }

absl::Status LockedMemoryError(size_t size, int error_number) {
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  if (limit.rlim_cur >= size && limit.rlim_cur != RLIM_INFINITY) {
    return ErrnoToStatus(error_number, "making the memory for secrets");
  }
  return absl::ResourceExhaustedError(absl::StrCat(
      "the memory for secrets needs ", size >> 10,
      " KiB of locked memory and the limit (RLIMIT_MEMLOCK) is ",
      limit.rlim_cur >> 10,
      " KiB: raise it to 8192 KiB or more (ulimit -l, LimitMEMLOCK= of the "
      "service, or --ulimit memlock= of the container)"));
}

// The address of `size` bytes between two pages that nobody can touch.
absl::StatusOr<uint8_t*> ReserveGuarded(size_t size) {
  const size_t page = PageSize();
  void* whole = ::mmap(nullptr, size + 2 * page, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (whole == MAP_FAILED) return ErrnoToStatus(errno, "reserving memory");
  return static_cast<uint8_t*>(whole) + page;
}

void Release(uint8_t* pages, size_t size) {
  const size_t page = PageSize();
  ::munmap(pages - page, size + 2 * page);
}

// A kernel without the call, one booted without it, or a container profile that
// hides it.
bool IsAbsent(int error_number) {
  return error_number == ENOSYS || error_number == EPERM ||
         error_number == EACCES;
}

bool HasMemfdSecret() {
  const UniqueFd probe(
      static_cast<int>(::syscall(SYS_memfd_secret, O_CLOEXEC)));
  return probe.valid() || !IsAbsent(errno);
}

absl::Status MapMemfdSecret(uint8_t* pages, size_t size) {
  // O_CLOEXEC: the FD_CLOEXEC that the manual page names is refused.
  const UniqueFd fd(static_cast<int>(::syscall(SYS_memfd_secret, O_CLOEXEC)));
  if (!fd.valid()) return ErrnoToStatus(errno, "memfd_secret");
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
    return ErrnoToStatus(errno, "sizing the memory for secrets");
  }
  if (::mmap(pages, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
             fd.get(), 0) == MAP_FAILED) {
    return LockedMemoryError(size, errno);
  }
  return absl::OkStatus();
}

absl::Status MapLocked(uint8_t* pages, size_t size) {
  if (::mmap(pages, size, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
    return ErrnoToStatus(errno, "making the memory for secrets");
  }
  // Advice only: a kernel without huge pages refuses it.
  ::madvise(pages, size, MADV_NOHUGEPAGE);
  // By number: the sanitizers make nothing of the library's call.
  if (::syscall(SYS_mlock, pages, size) != 0) {
    return LockedMemoryError(size, errno);
  }
  return absl::OkStatus();
}

absl::Status Hide(uint8_t* pages, size_t size) {
  if (::madvise(pages, size, MADV_DONTDUMP) != 0 ||
      ::madvise(pages, size, MADV_DONTFORK) != 0) {
    return ErrnoToStatus(errno, "hiding the memory for secrets");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<SecretArena>> SecretArena::Create(
    Options options) {
  const size_t page = PageSize();
  const size_t size = (options.size + page - 1) / page * page;
  ASSIGN_OR_RETURN(uint8_t* const pages, ReserveGuarded(size));
  const Kind kind = options.use_memfd_secret && HasMemfdSecret()
                        ? Kind::kMemfdSecret
                        : Kind::kLocked;
  absl::Status mapped = kind == Kind::kMemfdSecret ? MapMemfdSecret(pages, size)
                                                   : MapLocked(pages, size);
  if (mapped.ok()) mapped = Hide(pages, size);
  if (!mapped.ok()) {
    Release(pages, size);
    return mapped;
  }
  return std::unique_ptr<SecretArena>(new SecretArena(kind, pages, size));
}

SecretArena::SecretArena(Kind kind, uint8_t* pages, size_t size)
    : kind_(kind),
      pages_(pages),
      size_(size),
      heap_(absl::MakeSpan(pages, size)) {}

SecretArena::~SecretArena() {
  ::explicit_bzero(pages_, size_);
  Release(pages_, size_);
}

void* SecretArena::Reallocate(void* memory, size_t size) {
  if (memory == nullptr) return Allocate(size);
  const size_t usable = heap_.UsableSize(memory);
  if (size <= usable && size >= usable / 2) {
    ::explicit_bzero(static_cast<uint8_t*>(memory) + size, usable - size);
    return memory;
  }
  void* moved = Allocate(size);
  if (moved == nullptr) return nullptr;
  ::memcpy(moved, memory, size < usable ? size : usable);
  heap_.Free(memory);
  return moved;
}

void SecretArena::Free(void* memory) {
  if (memory != nullptr) heap_.Free(memory);
}

absl::string_view SecretArena::kind_name() const {
  switch (kind_) {
    case Kind::kMemfdSecret:
      return "memfd_secret";
    case Kind::kLocked:
      return "mlock";
  }
  return "";
}

}  // namespace holt
