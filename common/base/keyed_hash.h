// SipHash-2-4: a hash whose values nobody can foretell without its key. For
// tables in shared memory whose entries a stranger may choose; not for secrets
// that must stay secret from somebody who sees many hashes. Any process.
#ifndef HOLT_COMMON_BASE_KEYED_HASH_H_
#define HOLT_COMMON_BASE_KEYED_HASH_H_

#include <array>
#include <cstdint>

#include "absl/types/span.h"

namespace holt {

using HashKey = std::array<uint64_t, 2>;

uint64_t KeyedHash(const HashKey& key, absl::Span<const uint8_t> bytes);

// A fresh key from the kernel.
HashKey RandomHashKey();

}  // namespace holt

#endif  // HOLT_COMMON_BASE_KEYED_HASH_H_
