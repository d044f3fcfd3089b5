#include "common/ipc/limiter.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <optional>

#include "common/base/keyed_hash.h"
#include "common/base/status_macros.h"
#include "common/ipc/limiter_cell.h"

namespace holt {
namespace {

constexpr uint64_t kMagic = 0x484f4c4c'00000001;  // "HOLL", layout 1
constexpr size_t kHeaderSize = 4096;

struct Header {
  std::atomic<uint64_t> magic;
  std::atomic<uint64_t> seed[2];
  std::atomic<uint64_t> overflow;
};
static_assert(sizeof(Header) <= kHeaderSize);

constexpr size_t CellSize(uint32_t places) {
  return sizeof(LimiterCellHeader) + places * sizeof(LimiterPlace);
}
constexpr size_t kGlobalCellSize = CellSize(kMaxGlobalRequests);
constexpr size_t kKeyCellSize = CellSize(kMaxKeyRequests);
constexpr size_t kAddressCellSize = CellSize(kMaxAddressRequests);
static_assert(std::has_single_bit(kAddressCells));

// An address may live in any of this many cells behind its home.
constexpr uint32_t kAddressProbes = 8;
constexpr int kAddressAttempts = 4;

// The owners of the address cells stand together, before the cells: to look for
// an address touches no cell of others. An owner is the upper 40 bits of the
// address's hash (never 0), and a count of what its owner did there, so that a
// cell is never taken away between a look at it and the deed. 0: nobody.
constexpr int kActivityBits = 24;
constexpr uint64_t kActivityMask = (uint64_t{1} << kActivityBits) - 1;
constexpr int kTouchAttempts = 256;

uint64_t TagOf(uint64_t hash) {
  return std::max<uint64_t>(1, hash >> kActivityBits);
}

Header& HeaderOf(const Mapping& mapping) {
  return *reinterpret_cast<Header*>(mapping.data());
}

using AddressOwner = std::atomic<uint64_t>;
constexpr size_t kOwnersSize = kAddressCells * sizeof(AddressOwner);

AddressOwner& OwnerOf(const Mapping& mapping, uint32_t cell) {
  return reinterpret_cast<AddressOwner*>(mapping.data() + kHeaderSize)[cell];
}
uint8_t* GlobalCell(const Mapping& mapping) {
  return mapping.data() + kHeaderSize + kOwnersSize;
}
uint8_t* KeyCell(const Mapping& mapping, uint32_t cell) {
  return GlobalCell(mapping) + kGlobalCellSize + cell * kKeyCellSize;
}
uint8_t* AddressCell(const Mapping& mapping, uint32_t max_keys, uint32_t cell) {
  return KeyCell(mapping, max_keys) + cell * kAddressCellSize;
}

LimiterCellHeader& CellHeader(uint8_t* cell) {
  return *reinterpret_cast<LimiterCellHeader*>(cell);
}

LimiterCell CellAt(uint8_t* cell, uint32_t places) {
  return {CellHeader(cell),
          absl::MakeSpan(
              reinterpret_cast<LimiterPlace*>(cell + sizeof(LimiterCellHeader)),
              places)};
}

// The cells that one address may use, and who has them. Cells go by their
// numbers, which are ours and no value of the memory.
class AddressCells {
 public:
  AddressCells(const Mapping& mapping, uint32_t max_keys, uint64_t hash)
      : mapping_(mapping), max_keys_(max_keys), hash_(hash) {}

  // The address's cell, or one that now is its. nullopt when all belong to
  // addresses active within the window.
  std::optional<uint32_t> FindOrTake(int64_t window_nanos, int64_t now) const {
    std::optional<uint32_t> cell = Find(std::nullopt);
    for (uint32_t i = 0; !cell.has_value() && i < kAddressProbes; ++i) {
      cell = TryTake(Candidate(i), window_nanos, now);
    }
    return cell;
  }

  LimiterCell At(uint32_t cell) const {
    return CellAt(AddressCell(mapping_, max_keys_, cell), kMaxAddressRequests);
  }

  // Marks the cell as used just now. False when it was given to another
  // address: what was counted there does not count.
  bool Touch(uint32_t cell) const {
    AddressOwner& owner = OwnerOf(mapping_, cell);
    uint64_t word = owner.load();
    for (int i = 0; i < kTouchAttempts && IsOurs(word); ++i) {
      const uint64_t touched =
          (word & ~kActivityMask) | ((word + 1) & kActivityMask);
      if (owner.compare_exchange_weak(word, touched)) return true;
    }
    return false;
  }

 private:
  uint32_t Candidate(uint32_t i) const {
    return static_cast<uint32_t>(hash_ + i) & (kAddressCells - 1);
  }
  bool IsOurs(uint64_t word) const {
    return word >> kActivityBits == TagOf(hash_);
  }

  std::optional<uint32_t> Find(std::optional<uint32_t> except) const {
    for (uint32_t i = 0; i < kAddressProbes; ++i) {
      const uint32_t cell = Candidate(i);
      if (cell != except && IsOurs(OwnerOf(mapping_, cell).load())) return cell;
    }
    return std::nullopt;
  }

  // `cell`, or the one that another worker gave the address meanwhile.
  std::optional<uint32_t> TryTake(uint32_t cell, int64_t window_nanos,
                                  int64_t now) const {
    AddressOwner& owner = OwnerOf(mapping_, cell);
    uint64_t word = owner.load();
    if (word != 0 && !At(cell).IsIdle(window_nanos, now)) return std::nullopt;
    uint64_t taken = TagOf(hash_) << kActivityBits;
    if (!owner.compare_exchange_strong(word, taken)) {
      return IsOurs(word) ? std::optional<uint32_t>(cell) : std::nullopt;
    }
    // Of two that look after they took, at least one sees the other; it lets
    // go, unless a third already counts here.
    const std::optional<uint32_t> other = Find(cell);
    if (!other.has_value()) return cell;
    return owner.compare_exchange_strong(taken, 0) ? other : cell;
  }

  const Mapping& mapping_;
  uint32_t max_keys_;
  uint64_t hash_;
};

void KeepIfFirst(std::atomic<uint64_t>& word, uint64_t value) {
  uint64_t nothing = 0;
  word.compare_exchange_strong(nothing, value);
}

}  // namespace

size_t LimiterSize(uint32_t max_keys) {
  return kHeaderSize + kOwnersSize + kGlobalCellSize +
         size_t{max_keys} * kKeyCellSize +
         size_t{kAddressCells} * kAddressCellSize;
}

absl::StatusOr<Limiter> Limiter::Open(int fd, uint32_t max_keys) {
  ASSIGN_OR_RETURN(Mapping mapping, Mapping::Map(fd, LimiterSize(max_keys),
                                                 Mapping::Access::kReadWrite));
  Header& header = HeaderOf(mapping);
  KeepIfFirst(header.magic, kMagic);
  if (header.magic.load() != kMagic) {
    return absl::FailedPreconditionError("limiter of another build");
  }
  const HashKey seed = RandomHashKey();
  KeepIfFirst(header.seed[0], seed[0]);
  KeepIfFirst(header.seed[1], seed[1]);
  return Limiter(std::move(mapping), max_keys);
}

LimitDecision Limiter::AdmitGlobal(uint32_t requests, int64_t window_nanos,
                                   int64_t now) {
  return CellAt(GlobalCell(mapping_), kMaxGlobalRequests)
      .Admit(requests, window_nanos, now);
}

LimitDecision Limiter::AdmitKey(uint32_t cell, uint32_t requests,
                                int64_t window_nanos, int64_t now) {
  // No such cell: the key table and the limiter are not of one size. Refused,
  // rather than served without a limit.
  if (cell >= max_keys_) {
    return {.limit = requests,
            .reset_nanos = window_nanos,
            .retry_after_nanos = window_nanos};
  }
  return CellAt(KeyCell(mapping_, cell), kMaxKeyRequests)
      .Admit(requests, window_nanos, now);
}

LimitDecision Limiter::AdmitAddress(const AddressKey& address,
                                    uint32_t requests, int64_t window_nanos,
                                    int64_t now) {
  if (requests == 0) return {.admitted = true};
  Header& header = HeaderOf(mapping_);
  const HashKey seed = {header.seed[0].load(std::memory_order_relaxed),
                        header.seed[1].load(std::memory_order_relaxed)};
  const AddressCells cells(mapping_, max_keys_, KeyedHash(seed, address));
  for (int attempt = 0; attempt < kAddressAttempts; ++attempt) {
    const std::optional<uint32_t> cell = cells.FindOrTake(window_nanos, now);
    if (!cell.has_value()) break;
    const LimitDecision decision =
        cells.At(*cell).Admit(requests, window_nanos, now);
    if (cells.Touch(*cell)) return decision;
    if (decision.admitted) cells.At(*cell).Undo(now);
  }
  header.overflow.fetch_add(1, std::memory_order_relaxed);
  return {.admitted = true,
          .limit = std::min(requests, kMaxAddressRequests),
          .remaining = std::min(requests, kMaxAddressRequests) - 1,
          .reset_nanos = window_nanos};
}

void Limiter::UndoGlobal(int64_t now) {
  CellAt(GlobalCell(mapping_), kMaxGlobalRequests).Undo(now);
}

void Limiter::UndoKey(uint32_t cell, int64_t now) {
  if (cell >= max_keys_) return;
  CellAt(KeyCell(mapping_, cell), kMaxKeyRequests).Undo(now);
}

uint64_t Limiter::overflow() const {
  return HeaderOf(mapping_).overflow.load(std::memory_order_relaxed);
}

}  // namespace holt
