// A growable byte buffer for plaintext that must not outlive its use: JSON
// bodies, heads, events. Every block it ever had is overwritten before it goes
// back to the heap: when it grows, when it is cleared, when it is destroyed.
// Workers; the bytes are a client's or an upstream's, hostile and confidential.
#ifndef HOLT_COMMON_BASE_WIPED_H_
#define HOLT_COMMON_BASE_WIPED_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace holt {

// Move-only. Bounds are the caller's: it grows as asked, and exhausted memory
// ends the process.
class WipedBytes {
 public:
  // `padding`: that many zero bytes can be read after the last byte, whatever
  // the size (simdjson wants 64). They do not count in size().
  explicit WipedBytes(size_t padding = 0) : padding_(padding) {}
  WipedBytes(WipedBytes&& other) noexcept { Swap(other); }
  WipedBytes& operator=(WipedBytes&& other) noexcept;
  WipedBytes(const WipedBytes&) = delete;
  WipedBytes& operator=(const WipedBytes&) = delete;
  ~WipedBytes() { Clear(); }

  // Room for `capacity` bytes in all, so that appending up to there moves
  // nothing.
  void Reserve(size_t capacity);
  void Append(absl::Span<const uint8_t> bytes);
  void Append(absl::string_view text);
  // Cuts (and wipes what is cut off) or extends with zero bytes.
  void Resize(size_t size);
  // Wipes and frees all; the padding stays as constructed.
  void Clear();

  [[nodiscard]] uint8_t* data() { return data_; }
  [[nodiscard]] const uint8_t* data() const { return data_; }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] size_t capacity() const { return capacity_; }
  [[nodiscard]] absl::Span<uint8_t> span() { return {data_, size_}; }
  [[nodiscard]] absl::Span<const uint8_t> span() const {
    return {data_, size_};
  }
  [[nodiscard]] absl::string_view view() const {
    return {reinterpret_cast<const char*>(data_), size_};
  }

 private:
  void Swap(WipedBytes& other) noexcept;
  void Grow(size_t needed);

  uint8_t* data_ = nullptr;  // capacity_ + padding_ bytes, zero after size_
  size_t size_ = 0;
  size_t capacity_ = 0;
  size_t padding_ = 0;
};

}  // namespace holt

#endif  // HOLT_COMMON_BASE_WIPED_H_
