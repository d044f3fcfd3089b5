// The text of an API key: "holt_", 256 random bits as 43 base62 digits, and the
// CRC-32 of those 43 characters as 6 base62 digits, so that a secret scanner
// (or a typing error) can be told from a real key without asking anybody:
//
//   holt_<43 digits><6 digits>     digits 0-9A-Za-z, most significant first
//
// Runs in the admin-service, where a key's text lives from MakeKey until it was
// handed to its holder, and in holtctl. Checking a key uses its SHA-256 alone.
#ifndef HOLT_ADMIN_SERVICE_KEYS_KEY_TEXT_H_
#define HOLT_ADMIN_SERVICE_KEYS_KEY_TEXT_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "admin-service/digest/sha256.h"

namespace holt::admin {

inline constexpr absl::string_view kKeyPrefix = "holt_";
inline constexpr size_t kKeyRandomDigits = 43;
inline constexpr size_t kKeyChecksumDigits = 6;
inline constexpr size_t kKeySize =
    kKeyPrefix.size() + kKeyRandomDigits + kKeyChecksumDigits;

// A key in clear, wiped on destruction. Moves by copy and wipe.
class KeyText {
 public:
  // The key made of these 256 bits, most significant byte first.
  static KeyText FromBits(const std::array<uint8_t, 32>& bits);

  KeyText(KeyText&& other) noexcept;
  KeyText& operator=(KeyText&&) = delete;
  ~KeyText();

  // Copies made of it are the caller's to wipe.
  [[nodiscard]] absl::string_view Reveal() const {
    return {text_.data(), text_.size()};
  }
  [[nodiscard]] Sha256Digest digest() const { return Sha256(Reveal()); }
  // The last four characters.
  [[nodiscard]] std::string hint() const;

 private:
  KeyText() = default;
  std::array<char, kKeySize> text_;
};

// A new key. Unavailable when the kernel has no randomness to give.
absl::StatusOr<KeyText> MakeKey();

// A public name for a key: "key_" and eight random hexadecimal digits.
absl::StatusOr<std::string> MakeKeyId();

// Whether `text` has the form of a key, checksum included. Says nothing about
// whether such a key exists.
bool IsWellFormedKey(absl::string_view text);

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_KEYS_KEY_TEXT_H_
