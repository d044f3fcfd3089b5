#include "common/base/keyed_hash.h"

#include <sys/random.h>

#include <bit>
#include <cerrno>

#include "common/base/check.h"

namespace holt {
namespace {

// Aumasson and Bernstein, "SipHash: a fast short-input PRF", section 2.
struct SipState {
  uint64_t v0, v1, v2, v3;

  void Round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void Absorb(uint64_t word) {
    v3 ^= word;
    Round();
    Round();
    v0 ^= word;
  }
};

// Up to eight bytes as a little-endian number.
uint64_t Word(absl::Span<const uint8_t> bytes) {
  uint64_t word = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    word |= uint64_t{bytes[i]} << (8 * i);
  }
  return word;
}

}  // namespace

uint64_t KeyedHash(const HashKey& key, absl::Span<const uint8_t> bytes) {
  SipState state{key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                 key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
  const uint64_t size_byte = uint64_t{bytes.size()} << 56;
  while (bytes.size() >= 8) {
    state.Absorb(Word(bytes.first(8)));
    bytes.remove_prefix(8);
  }
  state.Absorb(size_byte | Word(bytes));
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.Round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

HashKey RandomHashKey() {
  HashKey key{};
  ssize_t got = -1;
  do {
    got = ::getrandom(key.data(), sizeof(key), 0);
  } while (got < 0 && errno == EINTR);
  HOLT_CHECK(got == static_cast<ssize_t>(sizeof(key)));
  return key;
}

}  // namespace holt
