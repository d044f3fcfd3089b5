#include "admin-service/keys/key_text.h"

#include <openssl/crypto.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/base/status_macros.h"

namespace holt::admin {
namespace {

constexpr absl::string_view kDigits =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

// CRC-32 as zlib and Ethernet have it.
uint32_t Crc32(absl::string_view bytes) {
  constexpr uint32_t kReversedPolynomial = 0xedb88320;
  uint32_t crc = 0xffffffff;
  for (const char byte : bytes) {
    crc ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReversedPolynomial : 0);
    }
  }
  return ~crc;
}

// Divides the big-endian number by 62 in place and returns the remainder.
uint32_t DivideBy62(absl::Span<uint8_t> number) {
  uint32_t remainder = 0;
  for (uint8_t& byte : number) {
    const uint32_t value = (remainder << 8) | byte;
    byte = static_cast<uint8_t>(value / 62);
    remainder = value % 62;
  }
  return remainder;
}

void WriteDigits(absl::Span<uint8_t> number, absl::Span<char> to) {
  for (auto digit = to.rbegin(); digit != to.rend(); ++digit) {
    *digit = kDigits[DivideBy62(number)];
  }
}

void WriteChecksum(absl::string_view digits, absl::Span<char> to) {
  const uint32_t crc = Crc32(digits);
  std::array<uint8_t, 4> number = {
      static_cast<uint8_t>(crc >> 24), static_cast<uint8_t>(crc >> 16),
      static_cast<uint8_t>(crc >> 8), static_cast<uint8_t>(crc)};
  WriteDigits(absl::MakeSpan(number), to);
}

absl::Status FillRandom(absl::Span<uint8_t> bytes) {
  // Up to 256 bytes come whole or not at all (getrandom(2)).
  const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
  if (got == static_cast<ssize_t>(bytes.size())) return absl::OkStatus();
  return absl::UnavailableError("the kernel gave no randomness");
}

}  // namespace

KeyText KeyText::FromBits(const std::array<uint8_t, 32>& bits) {
  KeyText key;
  absl::Span<char> text = absl::MakeSpan(key.text_);
  std::copy(kKeyPrefix.begin(), kKeyPrefix.end(), text.begin());
  const absl::Span<char> digits =
      text.subspan(kKeyPrefix.size(), kKeyRandomDigits);
  std::array<uint8_t, 32> number = bits;
  WriteDigits(absl::MakeSpan(number), digits);
  OPENSSL_cleanse(number.data(), number.size());
  WriteChecksum({digits.data(), digits.size()}, text.last(kKeyChecksumDigits));
  return key;
}

KeyText::KeyText(KeyText&& other) noexcept : text_(other.text_) {
  OPENSSL_cleanse(other.text_.data(), other.text_.size());
}

KeyText::~KeyText() { OPENSSL_cleanse(text_.data(), text_.size()); }

std::string KeyText::hint() const {
  return std::string(Reveal().substr(kKeySize - 4));
}

absl::StatusOr<KeyText> MakeKey() {
  std::array<uint8_t, 32> bits;
  RETURN_IF_ERROR(FillRandom(absl::MakeSpan(bits)));
  KeyText key = KeyText::FromBits(bits);
  OPENSSL_cleanse(bits.data(), bits.size());
  return key;
}

absl::StatusOr<std::string> MakeKeyId() {
  std::array<uint8_t, 4> bits;
  RETURN_IF_ERROR(FillRandom(absl::MakeSpan(bits)));
  return absl::StrCat(
      "key_", absl::BytesToHexString(
                  {reinterpret_cast<const char*>(bits.data()), bits.size()}));
}

bool IsWellFormedKey(absl::string_view text) {
  if (text.size() != kKeySize || !absl::StartsWith(text, kKeyPrefix)) {
    return false;
  }
  const absl::string_view digits =
      text.substr(kKeyPrefix.size(), kKeyRandomDigits);
  std::array<char, kKeyChecksumDigits> checksum;
  WriteChecksum(digits, absl::MakeSpan(checksum));
  return digits.find_first_not_of(kDigits) == absl::string_view::npos &&
         text.substr(kKeySize - kKeyChecksumDigits) ==
             absl::string_view(checksum.data(), checksum.size());
}

}  // namespace holt::admin
