#include "common/secret/secret_bytes.h"

#include <openssl/crypto.h>
#include <string.h>

#include "absl/strings/ascii.h"
#include "common/base/check.h"

namespace holt {

SecretBytes::SecretBytes(SecretArena& arena, size_t size)
    : arena_(&arena),
      data_(static_cast<uint8_t*>(arena.Allocate(size))),
      size_(size) {
  HOLT_CHECK(data_ != nullptr);
}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    Clear();
    arena_ = other.arena_;
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void SecretBytes::Shrink(size_t size) {
  HOLT_CHECK(size <= size_);
  if (size < size_) ::explicit_bzero(data_ + size, size_ - size);
  size_ = size;
}

void SecretBytes::TrimTrailingSpace() {
  size_t size = size_;
  while (size > 0 && absl::ascii_isspace(data_[size - 1])) --size;
  Shrink(size);
}

void SecretBytes::Clear() {
  if (data_ != nullptr) arena_->Free(data_);
  data_ = nullptr;
  size_ = 0;
}

bool SecretBytes::Equals(absl::Span<const uint8_t> other) const {
  if (size_ != other.size()) return false;
  return size_ == 0 || CRYPTO_memcmp(data_, other.data(), size_) == 0;
}

}  // namespace holt
