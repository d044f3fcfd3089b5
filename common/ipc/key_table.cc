#include "common/ipc/key_table.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>

#include "common/base/keyed_hash.h"
#include "common/base/status_macros.h"
#include "common/ipc/sequence_lock.h"

namespace holt {
namespace {

constexpr uint64_t kMagic = 0x484f4c54'00000001;  // "HOLT", layout 1
constexpr uint32_t kMaxProbes = 128;
constexpr uint32_t kLeastSlots = 64;
constexpr size_t kHeaderSize = 4096;

struct Header {
  std::atomic<uint64_t> magic;  // stored last
  std::atomic<uint64_t> seed[2];
  std::atomic<uint64_t> epoch;
  std::atomic<int64_t> confirmed_boot_nanos;
  // Two copies: the writer fills the one that is not current and then names it,
  // so that its death never takes the settings away from the readers.
  std::atomic<uint64_t> current_settings;
  SequenceLocked<SharedSettings> settings[2];
};
static_assert(sizeof(Header) <= kHeaderSize);

enum Occupancy : uint64_t {
  kEmpty = 0,  // ends a search
  kUsed = 1,
  kRemoved = 2,  // a search goes on behind it
};

struct EntryValue {
  uint64_t occupancy;
  KeyDigest digest;
  KeyPolicy policy;
};
using Entry = SequenceLocked<EntryValue>;
static_assert(sizeof(Entry) == 256);

Header& HeaderOf(const Mapping& mapping) {
  return *reinterpret_cast<Header*>(mapping.data());
}

// Twice the keys: half full at most, which keeps searches short.
uint32_t SlotsFor(uint32_t max_keys) {
  return std::max(kLeastSlots, std::bit_ceil(max_keys * 2));
}

// One bit per slot that was ever used, for the writer alone: it visits the
// entries in use without touching the memory of all others, which the kernel
// provides only when it is touched.
constexpr uint32_t kBitsPerWord = 64;

std::atomic<uint64_t>& TouchedWord(const Mapping& mapping, uint32_t slot) {
  return reinterpret_cast<std::atomic<uint64_t>*>(
      mapping.data() + kHeaderSize)[slot / kBitsPerWord];
}

Entry& EntryAt(const Mapping& mapping, uint32_t slots, uint32_t slot) {
  return reinterpret_cast<Entry*>(mapping.data() + kHeaderSize +
                                  slots / 8)[slot];
}

// Before an entry is used for the first time.
void Touch(const Mapping& mapping, uint32_t slot) {
  TouchedWord(mapping, slot)
      .fetch_or(uint64_t{1} << slot % kBitsPerWord, std::memory_order_release);
}

// Calls `visit` with every slot that was ever used.
template <typename Visit>
void ForEachTouched(const Mapping& mapping, uint32_t slots, Visit visit) {
  for (uint32_t first = 0; first < slots; first += kBitsPerWord) {
    uint64_t bits = TouchedWord(mapping, first).load(std::memory_order_acquire);
    for (; bits != 0; bits &= bits - 1) {
      visit(first + static_cast<uint32_t>(std::countr_zero(bits)));
    }
  }
}

uint32_t HomeSlot(const Header& header, const KeyDigest& digest,
                  uint32_t slots) {
  const HashKey seed = {header.seed[0].load(std::memory_order_relaxed),
                        header.seed[1].load(std::memory_order_relaxed)};
  return static_cast<uint32_t>(KeyedHash(seed, digest)) & (slots - 1);
}

uint32_t ProbesFor(uint32_t slots) { return std::min(slots, kMaxProbes); }

// Looks at every byte whatever it finds.
bool SameDigest(const KeyDigest& a, const KeyDigest& b) {
  uint32_t difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<uint32_t>(a[i] ^ b[i]);
  }
  return difference == 0;
}

// Whatever the memory says, text members end.
void Terminate(KeyPolicy& policy) {
  policy.key_id[sizeof(policy.key_id) - 1] = '\0';
  policy.label[sizeof(policy.label) - 1] = '\0';
}

}  // namespace

size_t KeyTableSize(uint32_t max_keys) {
  const size_t slots = SlotsFor(max_keys);
  return kHeaderSize + slots / 8 + slots * sizeof(Entry);
}

// Where a digest is, and where it could go.
struct KeyTableWriter::Place {
  std::optional<uint32_t> found;
  std::optional<uint32_t> vacant;
  EntryValue value{};  // of `found`
};

KeyTableWriter::KeyTableWriter(Mapping mapping, uint32_t max_keys)
    : mapping_(std::move(mapping)),
      max_keys_(max_keys),
      slots_(SlotsFor(max_keys)),
      fresh_(slots_, false) {}

absl::StatusOr<KeyTableWriter> KeyTableWriter::Open(int fd, uint32_t max_keys) {
  ASSIGN_OR_RETURN(Mapping mapping, Mapping::Map(fd, KeyTableSize(max_keys),
                                                 Mapping::Access::kReadWrite));
  KeyTableWriter writer(std::move(mapping), max_keys);
  Header& header = HeaderOf(writer.mapping_);
  const uint64_t magic = header.magic.load(std::memory_order_acquire);
  if (magic == kMagic) {
    writer.TakeOver();
    return writer;
  }
  if (magic != 0) {
    return absl::FailedPreconditionError("key table of another build");
  }
  const HashKey seed = RandomHashKey();
  header.seed[0].store(seed[0], std::memory_order_relaxed);
  header.seed[1].store(seed[1], std::memory_order_relaxed);
  header.magic.store(kMagic, std::memory_order_release);
  return writer;
}

void KeyTableWriter::TakeOver() {
  ForEachTouched(mapping_, slots_, [this](uint32_t slot) {
    Entry& entry = EntryAt(mapping_, slots_, slot);
    // Nobody can say what was to be here; readers did not see it either.
    if (entry.torn()) entry.Store(EntryValue{.occupancy = kRemoved});
    EntryValue value;
    if (entry.Load(value) && value.occupancy == kUsed) ++size_;
  });
}

KeyTableWriter::Place KeyTableWriter::Locate(const KeyDigest& digest) const {
  Place place;
  uint32_t slot = HomeSlot(HeaderOf(mapping_), digest, slots_);
  for (uint32_t i = 0; i < ProbesFor(slots_); ++i, ++slot) {
    slot &= slots_ - 1;
    EntryValue value;
    if (!EntryAt(mapping_, slots_, slot).Load(value)) continue;
    if (value.occupancy == kUsed) {
      if (!SameDigest(value.digest, digest)) continue;
      place.found = slot;
      place.value = value;
      return place;
    }
    if (!place.vacant.has_value()) place.vacant = slot;
    if (value.occupancy == kEmpty) return place;
  }
  return place;
}

absl::Status KeyTableWriter::Put(const KeyDigest& digest,
                                 const KeyPolicy& policy) {
  const Place place = Locate(digest);
  if (place.found.has_value()) {
    fresh_[*place.found] = true;
    // A snapshot repeats what is there: readers are not made to wait for that.
    if (std::memcmp(&place.value.policy, &policy, sizeof(policy)) == 0) {
      return absl::OkStatus();
    }
  } else if (size_ >= max_keys_ || !place.vacant.has_value()) {
    return absl::ResourceExhaustedError("the key table is full");
  }
  const uint32_t slot = place.found.value_or(place.vacant.value_or(0));
  if (!place.found.has_value()) ++size_;
  fresh_[slot] = true;
  Touch(mapping_, slot);
  EntryAt(mapping_, slots_, slot)
      .Store({.occupancy = kUsed, .digest = digest, .policy = policy});
  return absl::OkStatus();
}

void KeyTableWriter::Remove(const KeyDigest& digest) {
  const Place place = Locate(digest);
  if (place.found.has_value()) RemoveAt(*place.found);
}

// Leaves a removed mark, or nothing where no search has to go on: marks before
// an empty slot are taken away as well.
void KeyTableWriter::RemoveAt(uint32_t slot) {
  --size_;
  EntryAt(mapping_, slots_, slot).Store({.occupancy = kRemoved});
  EntryValue next;
  if (!EntryAt(mapping_, slots_, (slot + 1) & (slots_ - 1)).Load(next) ||
      next.occupancy != kEmpty) {
    return;
  }
  for (uint32_t i = 0; i < slots_; ++i) {
    EntryValue value;
    Entry& entry = EntryAt(mapping_, slots_, (slot - i) & (slots_ - 1));
    if (!entry.Load(value) || value.occupancy != kRemoved) return;
    entry.Store({.occupancy = kEmpty});
  }
}

std::optional<KeyPolicy> KeyTableWriter::Find(const KeyDigest& digest) const {
  const Place place = Locate(digest);
  if (!place.found.has_value()) return std::nullopt;
  return place.value.policy;
}

void KeyTableWriter::ForEach(
    const std::function<void(const KeyPolicy&)>& visit) const {
  ForEachTouched(mapping_, slots_, [this, &visit](uint32_t slot) {
    EntryValue value;
    if (EntryAt(mapping_, slots_, slot).Load(value) &&
        value.occupancy == kUsed) {
      visit(value.policy);
    }
  });
}

void KeyTableWriter::BeginSnapshot() {
  std::fill(fresh_.begin(), fresh_.end(), false);
}

void KeyTableWriter::EndSnapshot() {
  ForEachTouched(mapping_, slots_, [this](uint32_t slot) {
    EntryValue value;
    if (fresh_[slot] || !EntryAt(mapping_, slots_, slot).Load(value)) return;
    if (value.occupancy == kUsed) RemoveAt(slot);
  });
}

void KeyTableWriter::SetSettings(const SharedSettings& settings) {
  Header& header = HeaderOf(mapping_);
  const uint64_t other =
      1 - header.current_settings.load(std::memory_order_relaxed) % 2;
  header.settings[other].Store(settings);
  header.current_settings.store(other, std::memory_order_release);
}

absl::Status KeyTableWriter::Confirm(uint64_t epoch, int64_t boot_nanos) {
  Header& header = HeaderOf(mapping_);
  if (epoch < header.epoch.load(std::memory_order_relaxed)) {
    return absl::FailedPreconditionError("an older epoch of the key table");
  }
  header.confirmed_boot_nanos.store(boot_nanos, std::memory_order_release);
  header.epoch.store(epoch, std::memory_order_release);
  return absl::OkStatus();
}

uint64_t KeyTableWriter::epoch() const {
  return HeaderOf(mapping_).epoch.load(std::memory_order_relaxed);
}

uint32_t KeyTableWriter::size() const { return size_; }

absl::StatusOr<KeyTableReader> KeyTableReader::Open(int fd, uint32_t max_keys) {
  ASSIGN_OR_RETURN(Mapping mapping, Mapping::Map(fd, KeyTableSize(max_keys),
                                                 Mapping::Access::kReadOnly));
  // 0: no courier has been here yet.
  const uint64_t magic =
      HeaderOf(mapping).magic.load(std::memory_order_acquire);
  if (magic != kMagic && magic != 0) {
    return absl::FailedPreconditionError("key table of another build");
  }
  return KeyTableReader(std::move(mapping), SlotsFor(max_keys));
}

std::optional<KeyPolicy> KeyTableReader::Find(const KeyDigest& digest) const {
  uint32_t slot = HomeSlot(HeaderOf(mapping_), digest, slots_);
  for (uint32_t i = 0; i < ProbesFor(slots_); ++i, ++slot) {
    slot &= slots_ - 1;
    EntryValue value;
    // A writer died inside: unknown, as all that is not readable. Keys behind
    // it are still found.
    if (!EntryAt(mapping_, slots_, slot).Load(value)) continue;
    if (value.occupancy == kEmpty) return std::nullopt;
    if (value.occupancy == kUsed && SameDigest(value.digest, digest)) {
      Terminate(value.policy);
      return value.policy;
    }
  }
  return std::nullopt;
}

SharedSettings KeyTableReader::settings() const {
  const Header& header = HeaderOf(mapping_);
  SharedSettings settings{};
  // Once more when the writer went through both copies during the first look.
  for (int look = 0; look < 2; ++look) {
    const uint64_t current =
        header.current_settings.load(std::memory_order_acquire) % 2;
    if (header.settings[current].Load(settings)) break;
  }
  return settings;
}

uint64_t KeyTableReader::epoch() const {
  return HeaderOf(mapping_).epoch.load(std::memory_order_acquire);
}

int64_t KeyTableReader::confirmed_boot_nanos() const {
  return HeaderOf(mapping_).confirmed_boot_nanos.load(
      std::memory_order_acquire);
}

}  // namespace holt
