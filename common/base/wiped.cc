#include "common/base/wiped.h"

#include <string.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "common/base/check.h"

namespace holt {
namespace {

constexpr size_t kSmallest = 64;

}  // namespace

WipedBytes& WipedBytes::operator=(WipedBytes&& other) noexcept {
  if (this != &other) {
    Clear();
    Swap(other);
  }
  return *this;
}

void WipedBytes::Reserve(size_t capacity) {
  if (capacity > capacity_) Grow(capacity);
}

void WipedBytes::Append(absl::Span<const uint8_t> bytes) {
  if (bytes.empty()) return;
  HOLT_CHECK(bytes.size() <= SIZE_MAX / 4 - size_);
  const size_t needed = size_ + bytes.size();
  if (needed > capacity_) {
    Grow(std::max({needed, capacity_ * 2, kSmallest}));
  }
  std::memcpy(data_ + size_, bytes.data(), bytes.size());
  size_ = needed;
}

void WipedBytes::Append(absl::string_view text) {
  Append(absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(text.data()),
                             text.size()));
}

void WipedBytes::Resize(size_t size) {
  if (size < size_) ::explicit_bzero(data_ + size, size_ - size);
  Reserve(size);
  size_ = size;
}

void WipedBytes::Clear() {
  if (data_ == nullptr) return;
  // Beyond size_ all is zero: nothing was ever there, or Resize wiped it.
  ::explicit_bzero(data_, size_);
  std::free(data_);
  data_ = nullptr;
  size_ = 0;
  capacity_ = 0;
}

void WipedBytes::Swap(WipedBytes& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  std::swap(padding_, other.padding_);
}

// Not realloc: it would leave the old block behind unwiped.
void WipedBytes::Grow(size_t needed) {
  HOLT_CHECK(needed <= SIZE_MAX / 2);
  auto* grown = static_cast<uint8_t*>(std::calloc(needed + padding_, 1));
  HOLT_CHECK(grown != nullptr);
  if (data_ != nullptr) {
    std::memcpy(grown, data_, size_);
    ::explicit_bzero(data_, size_);
    std::free(data_);
  }
  data_ = grown;
  capacity_ = needed;
}

}  // namespace holt
