#include "common/ipc/usage_journal.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>

#include "common/base/check.h"
#include "common/base/status_macros.h"

namespace holt {
namespace {

constexpr uint64_t kMagic = 0x484f4c4a'00000001;  // "HOLJ", layout 1
constexpr size_t kHeaderSize = 4096;
constexpr size_t kRecordSize = 192;

// Constant after PrepareJournalFile, and written there in one piece.
struct Preamble {
  uint64_t magic;
  uint64_t capacity;
  JournalId id;
  uint64_t checksum;
};

struct Header {
  std::atomic<uint64_t> preamble[sizeof(Preamble) / sizeof(uint64_t)];
  // Apart, since two processes write them.
  alignas(64) std::atomic<uint64_t> reserved;
  alignas(64) std::atomic<uint64_t> acknowledged;
};
static_assert(sizeof(Header) <= kHeaderSize);

enum RecordState : uint64_t {
  kUnused = 0,
  kReserved = 1,
  kCommitted = 2,
  kVoid = 3,
};

constexpr uint64_t StateWord(uint64_t sequence, RecordState state) {
  return sequence << 2 | state;
}

using ValueWords = std::array<uint64_t, sizeof(UsageValues) / sizeof(uint64_t)>;
static_assert(sizeof(UsageValues) % sizeof(uint64_t) == 0);
constexpr size_t kModelWord = offsetof(UsageValues, model) / sizeof(uint64_t);
static_assert(offsetof(UsageValues, model) % sizeof(uint64_t) == 0);

struct JournalRecord {
  // Sequence and RecordState, stored last: one word says whose values these
  // are and whether they count.
  std::atomic<uint64_t> state;
  // Of the id, the sequence and all values.
  std::atomic<uint64_t> checksum;
  // Of what never changes after Reserve (low half) and of the model (high
  // half). A worker killed inside Update leaves a checksum that does not fit,
  // but each count as it was before or after; these two tell what else to
  // believe.
  std::atomic<uint64_t> part_checksums;
  std::atomic<uint64_t> values[std::tuple_size_v<ValueWords>];
  std::atomic<uint64_t> unused[3];
};
static_assert(sizeof(JournalRecord) == kRecordSize);

// Guards against tearing and bad disks, not against a forger.
class Checksum {
 public:
  Checksum& Add(uint64_t word) {
    sum_ = (sum_ ^ word) * 0x9e3779b97f4a7c15;
    sum_ ^= sum_ >> 29;
    return *this;
  }
  Checksum& Add(const JournalId& id) {
    uint64_t words[2];
    std::memcpy(words, id.data(), sizeof(words));
    return Add(words[0]).Add(words[1]);
  }
  [[nodiscard]] uint64_t value() const { return sum_; }

 private:
  uint64_t sum_ = kMagic;
};

uint64_t PreambleChecksum(const Preamble& preamble) {
  return Checksum()
      .Add(preamble.magic)
      .Add(preamble.capacity)
      .Add(preamble.id)
      .value();
}

bool IsCapacity(uint64_t capacity) {
  return capacity >= kLeastJournalCapacity &&
         capacity <= kMostJournalCapacity && std::has_single_bit(capacity);
}

bool IsValid(const Preamble& preamble) {
  return preamble.magic == kMagic && IsCapacity(preamble.capacity) &&
         preamble.checksum == PreambleChecksum(preamble);
}

uint64_t WholeChecksum(const JournalId& id, uint64_t sequence,
                       const ValueWords& words) {
  Checksum checksum;
  checksum.Add(id).Add(sequence);
  for (const uint64_t word : words) checksum.Add(word);
  return checksum.value();
}

uint64_t PartChecksums(const JournalId& id, uint64_t sequence,
                       const UsageValues& values, const ValueWords& words) {
  Checksum fixed;
  fixed.Add(id)
      .Add(sequence)
      .Add(values.key_number)
      .Add(static_cast<uint64_t>(values.start_unix_us));
  Checksum model;
  model.Add(values.model_size);
  for (size_t i = kModelWord; i < words.size(); ++i) model.Add(words[i]);
  return model.value() << 32 | (fixed.value() & 0xffff'ffff);
}

Header& HeaderOf(const Mapping& mapping) {
  return *reinterpret_cast<Header*>(mapping.data());
}

JournalRecord& RecordAt(const Mapping& mapping, uint32_t capacity,
                        uint64_t sequence) {
  return reinterpret_cast<JournalRecord*>(
      mapping.data() + kHeaderSize)[sequence & (capacity - 1)];
}

void StoreValues(JournalRecord& record, const JournalId& id, uint64_t sequence,
                 const UsageValues& values) {
  ValueWords words;
  std::memcpy(words.data(), &values, sizeof(values));
  for (size_t i = 0; i < words.size(); ++i) {
    record.values[i].store(words[i], std::memory_order_relaxed);
  }
  record.part_checksums.store(PartChecksums(id, sequence, values, words),
                              std::memory_order_relaxed);
  record.checksum.store(WholeChecksum(id, sequence, words),
                        std::memory_order_relaxed);
}

struct StoredValues {
  UsageValues values;
  bool whole = false;        // nothing is torn
  bool fixed_whole = false;  // key and start time are what Reserve wrote
  bool model_whole = false;
};

StoredValues LoadValues(const JournalRecord& record, const JournalId& id,
                        uint64_t sequence) {
  ValueWords words;
  for (size_t i = 0; i < words.size(); ++i) {
    words[i] = record.values[i].load(std::memory_order_relaxed);
  }
  StoredValues stored;
  std::memcpy(&stored.values, words.data(), sizeof(stored.values));
  const uint64_t parts = record.part_checksums.load(std::memory_order_relaxed) ^
                         PartChecksums(id, sequence, stored.values, words);
  stored.fixed_whole = (parts & 0xffff'ffff) == 0;
  stored.model_whole = parts >> 32 == 0;
  stored.whole =
      parts == 0 && record.checksum.load(std::memory_order_relaxed) ==
                        WholeChecksum(id, sequence, words);
  return stored;
}

bool IsModelLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') ||
         absl::string_view("._:/@+-").find(c) != absl::string_view::npos;
}

// Closes what a dead worker left reserved, with the counts last seen.
void Recover(JournalRecord& record, const JournalId& id, uint64_t sequence) {
  const uint64_t state = record.state.load(std::memory_order_acquire);
  if (state != StateWord(sequence, kReserved)) return;
  StoredValues stored = LoadValues(record, id, sequence);
  // With a torn key nobody could be charged: left as it is, it reads as
  // damaged.
  if (stored.fixed_whole) {
    UsageValues& values = stored.values;
    if (!stored.model_whole) SetModel(values, "");
    values.outcome = UsageOutcome::kRecovered;
    values.end_unix_us = std::max(values.end_unix_us, values.start_unix_us);
    StoreValues(record, id, sequence, values);
  }
  record.state.store(StateWord(sequence, kCommitted),
                     std::memory_order_release);
}

struct OpenedJournal {
  Mapping mapping;
  uint32_t capacity;
  JournalId id;
};

absl::StatusOr<OpenedJournal> OpenJournal(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return ErrnoToStatus(errno, "usage journal");
  const uint64_t size = static_cast<uint64_t>(info.st_size);
  const uint64_t capacity =
      size < kHeaderSize ? 0 : (size - kHeaderSize) / kRecordSize;
  if (!IsCapacity(capacity) ||
      size != JournalFileSize(static_cast<uint32_t>(capacity))) {
    return absl::FailedPreconditionError("not a usage journal: its size");
  }
  ASSIGN_OR_RETURN(Mapping mapping,
                   Mapping::Map(fd, size, Mapping::Access::kReadWrite));
  // One look at each word: the other side may change it meanwhile.
  uint64_t words[std::size(Header{}.preamble)];
  for (size_t i = 0; i < std::size(words); ++i) {
    words[i] = HeaderOf(mapping).preamble[i].load(std::memory_order_relaxed);
  }
  Preamble preamble;
  std::memcpy(&preamble, words, sizeof(preamble));
  if (!IsValid(preamble) || preamble.capacity != capacity) {
    return absl::FailedPreconditionError("not a usage journal: its header");
  }
  return OpenedJournal{std::move(mapping), static_cast<uint32_t>(capacity),
                       preamble.id};
}

absl::Status WritePreamble(int fd, uint32_t capacity) {
  Preamble preamble{.magic = kMagic, .capacity = capacity};
  if (::getrandom(preamble.id.data(), preamble.id.size(), 0) !=
      static_cast<ssize_t>(preamble.id.size())) {
    return ErrnoToStatus(errno, "an id for a usage journal");
  }
  preamble.checksum = PreambleChecksum(preamble);
  if (::pwrite(fd, &preamble, sizeof(preamble), 0) !=
      static_cast<ssize_t>(sizeof(preamble))) {
    return ErrnoToStatus(errno, "writing the header of a usage journal");
  }
  if (::fdatasync(fd) != 0) return ErrnoToStatus(errno, "a usage journal");
  return absl::OkStatus();
}

}  // namespace

void SetModel(UsageValues& values, absl::string_view model) {
  if (model.empty() || model.size() > kMaxModelText ||
      !std::all_of(model.begin(), model.end(), IsModelLetter)) {
    model = "unknown";
  }
  std::memset(values.model, 0, sizeof(values.model));
  std::memcpy(values.model, model.data(), model.size());
  values.model_size = static_cast<uint8_t>(model.size());
}

absl::string_view ModelOf(const UsageValues& values) {
  const absl::string_view model(
      values.model, std::min<size_t>(values.model_size, kMaxModelText));
  if (model.empty() ||
      !std::all_of(model.begin(), model.end(), IsModelLetter)) {
    return "unknown";
  }
  return model;
}

size_t JournalFileSize(uint32_t capacity) {
  return kHeaderSize + size_t{capacity} * kRecordSize;
}

absl::Status PrepareJournalFile(int fd, uint32_t capacity) {
  HOLT_CHECK(IsCapacity(capacity));
  struct stat info {};
  if (::fstat(fd, &info) != 0) return ErrnoToStatus(errno, "usage journal");
  if (info.st_size != 0) {
    Preamble preamble{};
    if (::pread(fd, &preamble, sizeof(preamble), 0) < 0) {
      return ErrnoToStatus(errno, "reading the header of a usage journal");
    }
    const Preamble nothing{};
    // All zero: a supervisor died between sizing and writing the header.
    if (std::memcmp(&preamble, &nothing, sizeof(preamble)) != 0 ||
        static_cast<size_t>(info.st_size) != JournalFileSize(capacity)) {
      return OpenJournal(fd).status();
    }
  }
  // Really allocated: a full disk must be found out here, not by a store into
  // the mapping.
  const int error =
      ::posix_fallocate(fd, 0, static_cast<off_t>(JournalFileSize(capacity)));
  if (error != 0) return ErrnoToStatus(error, "allocating a usage journal");
  return WritePreamble(fd, capacity);
}

absl::StatusOr<JournalWriter> JournalWriter::Open(int fd) {
  ASSIGN_OR_RETURN(OpenedJournal opened, OpenJournal(fd));
  JournalWriter writer(std::move(opened.mapping), opened.capacity, opened.id);
  Header& header = HeaderOf(writer.mapping_);
  writer.acknowledged_ = header.acknowledged.load(std::memory_order_acquire);
  writer.next_ = std::max(header.reserved.load(std::memory_order_acquire),
                          writer.acknowledged_);
  // After a power failure the header may be older than the records.
  for (uint32_t i = 0; i < writer.capacity_; ++i, ++writer.next_) {
    const uint64_t state =
        RecordAt(writer.mapping_, writer.capacity_, writer.next_)
            .state.load(std::memory_order_acquire);
    if (state >> 2 != writer.next_ || state == kUnused) break;
  }
  // Nothing older is in the file, whatever a hostile mark says.
  const uint64_t oldest =
      writer.next_ - std::min<uint64_t>(writer.next_, writer.capacity_);
  for (uint64_t sequence = std::max(writer.acknowledged_, oldest);
       sequence < writer.next_; ++sequence) {
    Recover(RecordAt(writer.mapping_, writer.capacity_, sequence), writer.id_,
            sequence);
  }
  header.reserved.store(writer.next_, std::memory_order_release);
  return writer;
}

absl::StatusOr<uint64_t> JournalWriter::Reserve(const UsageValues& values) {
  Header& header = HeaderOf(mapping_);
  // A mark beyond what was reserved is none.
  const uint64_t mark = header.acknowledged.load(std::memory_order_acquire);
  if (mark <= next_) acknowledged_ = std::max(acknowledged_, mark);
  JournalRecord& record = RecordAt(mapping_, capacity_, next_);
  const uint64_t before = record.state.load(std::memory_order_relaxed);
  // The second: a courier that acknowledges what still runs gets nowhere.
  if (next_ - acknowledged_ >= capacity_ ||
      (next_ >= capacity_ &&
       before == StateWord(next_ - capacity_, kReserved))) {
    return absl::ResourceExhaustedError("the usage journal is full");
  }
  StoreValues(record, id_, next_, values);
  record.state.store(StateWord(next_, kReserved), std::memory_order_release);
  ++open_;
  header.reserved.store(next_ + 1, std::memory_order_release);
  return next_++;
}

void JournalWriter::Update(uint64_t sequence, const UsageValues& values) {
  JournalRecord& record = RecordAt(mapping_, capacity_, sequence);
  if (record.state.load(std::memory_order_relaxed) !=
      StateWord(sequence, kReserved)) {
    return;
  }
  StoreValues(record, id_, sequence, values);
}

void JournalWriter::Commit(uint64_t sequence, const UsageValues& values) {
  JournalRecord& record = RecordAt(mapping_, capacity_, sequence);
  if (record.state.load(std::memory_order_relaxed) !=
      StateWord(sequence, kReserved)) {
    return;
  }
  StoreValues(record, id_, sequence, values);
  record.state.store(StateWord(sequence, kCommitted),
                     std::memory_order_release);
  --open_;
}

void JournalWriter::Release(uint64_t sequence) {
  JournalRecord& record = RecordAt(mapping_, capacity_, sequence);
  if (record.state.load(std::memory_order_relaxed) !=
      StateWord(sequence, kReserved)) {
    return;
  }
  record.state.store(StateWord(sequence, kVoid), std::memory_order_release);
  --open_;
}

absl::StatusOr<JournalReader> JournalReader::Open(int fd) {
  ASSIGN_OR_RETURN(OpenedJournal opened, OpenJournal(fd));
  JournalReader reader(std::move(opened.mapping), opened.capacity, opened.id);
  reader.acknowledged_ =
      HeaderOf(reader.mapping_).acknowledged.load(std::memory_order_acquire);
  return reader;
}

// Where the worker is, within what the journal can hold.
uint64_t JournalReader::reserved() const {
  const uint64_t reserved =
      HeaderOf(mapping_).reserved.load(std::memory_order_acquire);
  if (reserved < acknowledged_) return acknowledged_;
  return acknowledged_ +
         std::min<uint64_t>(reserved - acknowledged_, capacity_);
}

JournalReader::ReadResult JournalReader::Read(uint64_t sequence,
                                              Record& record) const {
  if (sequence < acknowledged_ || sequence >= reserved()) {
    return ReadResult::kEnd;
  }
  record = {.sequence = sequence};
  const holt::JournalRecord& stored = RecordAt(mapping_, capacity_, sequence);
  const uint64_t state = stored.state.load(std::memory_order_acquire);
  if (state == StateWord(sequence, kReserved)) return ReadResult::kOpen;
  if (state == StateWord(sequence, kVoid)) {
    record.is_void = true;
    return ReadResult::kRecord;
  }
  const StoredValues values = LoadValues(stored, id_, sequence);
  record.values = values.values;
  if (state != StateWord(sequence, kCommitted) || !values.whole) {
    return ReadResult::kDamaged;
  }
  return ReadResult::kRecord;
}

uint64_t JournalReader::acknowledged() const { return acknowledged_; }

void JournalReader::Acknowledge(uint64_t up_to) {
  if (up_to <= acknowledged_ || up_to > reserved()) return;
  acknowledged_ = up_to;
  HeaderOf(mapping_).acknowledged.store(up_to, std::memory_order_release);
}

void JournalReader::CloseReserved() {
  for (uint64_t n = acknowledged_, end = reserved(); n < end; ++n) {
    Recover(RecordAt(mapping_, capacity_, n), id_, n);
  }
}

uint64_t JournalReader::backlog() const { return reserved() - acknowledged_; }

}  // namespace holt
