// Shared memory between processes: memfds of a sealed size, and mappings of
// them. Any process.
#ifndef HOLT_COMMON_IPC_SHARED_MEMORY_H_
#define HOLT_COMMON_IPC_SHARED_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/base/unique_fd.h"

namespace holt {

// A mapped range, unmapped on destruction. What another process can write is
// hostile: read each value once, then check.
class Mapping {
 public:
  Mapping() = default;
  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();

  enum class Access { kReadOnly, kReadWrite };
  // Maps the whole of `fd`, which must be exactly `size` bytes (InvalidArgument
  // otherwise); MAP_SHARED. `fd` may be closed afterwards.
  static absl::StatusOr<Mapping> Map(int fd, size_t size, Access access);

  [[nodiscard]] uint8_t* data() const { return data_; }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  Mapping(uint8_t* data, size_t size) : data_(data), size_(size) {}
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

// A zeroed memfd whose size can never change (seals SHRINK, GROW, SEAL),
// close-on-exec. `name` shows in /proc.
absl::StatusOr<UniqueFd> MakeSharedMemory(const char* name, size_t size);

// A memfd that holds `contents` and can never change again (also sealed against
// writing).
absl::StatusOr<UniqueFd> MakeSealedFile(const char* name,
                                        absl::string_view contents);

// The whole contents of a sealed file, at most `max_size` bytes
// (ResourceExhausted beyond).
absl::StatusOr<std::string> ReadSealedFile(int fd, size_t max_size);

// A second, read-only descriptor of the same memfd, through /proc/self/fd: its
// holder cannot map it writable.
absl::StatusOr<UniqueFd> ReopenReadOnly(int fd);

}  // namespace holt

#endif  // HOLT_COMMON_IPC_SHARED_MEMORY_H_
