// A secret as a type: bytes in a SecretArena, moved but never copied, wiped
// when shrunk or destroyed, without any way to print them. Who wants to see the
// bytes needs a SecretAccess (secret_access.h). Supervisor and workers.
#ifndef HOLT_COMMON_SECRET_SECRET_BYTES_H_
#define HOLT_COMMON_SECRET_SECRET_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/types/span.h"
#include "common/secret/secret_arena.h"

namespace holt {

class SecretAccess;

class SecretBytes {
 public:
  // Empty.
  SecretBytes() = default;
  // `size` zero bytes. `arena` outlives them; a full arena ends the process, so
  // a size from outside is bounded first.
  SecretBytes(SecretArena& arena, size_t size);
  ~SecretBytes() { Clear(); }

  SecretBytes(SecretBytes&& other) noexcept
      : arena_(other.arena_),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  // The bytes, to read or to fill. Copies made of them are the caller's to
  // wipe.
  [[nodiscard]] absl::Span<const uint8_t> Reveal(const SecretAccess&) const {
    return {data_, size_};
  }
  [[nodiscard]] absl::Span<uint8_t> RevealMutable(const SecretAccess&) {
    return {data_, size_};
  }

  // Keeps the first `size` bytes and wipes the rest; `size` is not larger than
  // now.
  void Shrink(size_t size);
  // Shrinks by the white space at the end: a secret file ends with a newline
  // that nobody means.
  void TrimTrailingSpace();
  // Wipes and frees.
  void Clear();

  // In a time that depends on the sizes only.
  [[nodiscard]] bool Equals(absl::Span<const uint8_t> other) const;
  [[nodiscard]] bool Equals(const SecretBytes& other) const {
    return Equals({other.data_, other.size_});
  }

 private:
  SecretArena* arena_ = nullptr;
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace holt

#endif  // HOLT_COMMON_SECRET_SECRET_BYTES_H_
