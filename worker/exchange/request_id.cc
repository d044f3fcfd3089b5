#include "worker/exchange/request_id.h"

#include <sys/random.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "common/base/check.h"

namespace holt::worker {
namespace {

constexpr size_t kIdBytes = 16;

// One system call for 16 ids.
struct Pool {
  std::array<uint8_t, 16 * kIdBytes> bytes{};
  size_t used = sizeof(bytes);
};

const uint8_t* Draw() {
  static Pool pool;
  if (pool.used == pool.bytes.size()) {
    HOLT_CHECK(::getrandom(pool.bytes.data(), pool.bytes.size(), 0) ==
               static_cast<ssize_t>(pool.bytes.size()));
    pool.used = 0;
  }
  const uint8_t* drawn = pool.bytes.data() + pool.used;
  pool.used += kIdBytes;
  return drawn;
}

}  // namespace

RequestId RequestId::Make() {
  constexpr char kDigits[] = "0123456789abcdef";
  RequestId id;
  std::memcpy(id.text_.data(), "req_", 4);
  const uint8_t* bytes = Draw();
  for (size_t i = 0; i < kIdBytes; ++i) {
    id.text_[4 + 2 * i] = kDigits[bytes[i] >> 4];
    id.text_[5 + 2 * i] = kDigits[bytes[i] & 0xf];
  }
  return id;
}

}  // namespace holt::worker
