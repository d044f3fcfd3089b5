// Bounded little-endian reading and writing of fixed layouts: the only way
// bytes of a frame become values. Every process; the bytes read are hostile.
// Nothing is allocated.
#ifndef HOLT_COMMON_BASE_BYTES_H_
#define HOLT_COMMON_BASE_BYTES_H_

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "absl/types/span.h"

namespace holt {

// Reads values off the front of a byte span. After the first short read every
// later read fails too and yields zeros, so a decoder reads all its fields and
// asks Finish() once.
class Reader {
 public:
  explicit Reader(absl::Span<const uint8_t> bytes) : bytes_(bytes) {}

  template <typename T>
  T Get() {
    static_assert(std::is_integral_v<T>);
    absl::Span<const uint8_t> raw = Take(sizeof(T));
    if (raw.empty()) return 0;
    std::make_unsigned_t<T> value = 0;
    for (size_t i = sizeof(T); i > 0; --i) {
      value = static_cast<std::make_unsigned_t<T>>((value << 7) << 1);
      value = static_cast<std::make_unsigned_t<T>>(value | raw[i - 1]);
    }
    return static_cast<T>(value);
  }

  // `size` bytes, or an empty span when fewer are left.
  absl::Span<const uint8_t> Take(size_t size) {
    if (!ok_ || size > bytes_.size()) {
      ok_ = false;
      return {};
    }
    absl::Span<const uint8_t> taken = bytes_.first(size);
    bytes_.remove_prefix(size);
    return taken;
  }

  // Copies exactly `size` bytes to `to`; writes nothing on failure.
  void Copy(void* to, size_t size) {
    absl::Span<const uint8_t> raw = Take(size);
    if (!raw.empty()) std::memcpy(to, raw.data(), raw.size());
  }

  [[nodiscard]] bool ok() const { return ok_; }
  // True when every read succeeded and no byte is left over.
  [[nodiscard]] bool Finish() const { return ok_ && bytes_.empty(); }

 private:
  absl::Span<const uint8_t> bytes_;
  bool ok_ = true;
};

// Appends values to a caller's fixed buffer. Overflow is remembered, never
// written.
class Writer {
 public:
  explicit Writer(absl::Span<uint8_t> buffer) : buffer_(buffer) {}

  template <typename T>
  void Put(T value) {
    static_assert(std::is_integral_v<T>);
    auto rest = static_cast<std::make_unsigned_t<T>>(value);
    uint8_t raw[sizeof(T)];
    for (size_t i = 0; i < sizeof(T); ++i) {
      raw[i] = static_cast<uint8_t>(rest & 0xff);
      rest = static_cast<std::make_unsigned_t<T>>((rest >> 7) >> 1);
    }
    Bytes(raw, sizeof(T));
  }

  void Bytes(const void* from, size_t size) {
    if (!ok_ || size > buffer_.size() - used_) {
      ok_ = false;
      return;
    }
    if (size != 0) std::memcpy(buffer_.data() + used_, from, size);
    used_ += size;
  }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] absl::Span<const uint8_t> written() const {
    return absl::Span<const uint8_t>(buffer_.data(), used_);
  }

 private:
  absl::Span<uint8_t> buffer_;
  size_t used_ = 0;
  bool ok_ = true;
};

}  // namespace holt

#endif  // HOLT_COMMON_BASE_BYTES_H_
