// The usage journal: a memory-mapped file of fixed-size records per worker
// slot, in the state directory. The worker reserves a record before it forwards
// a request and closes it with the counts before the last byte of the answer
// leaves; the courier reads closed records, reports them, and moves the
// acknowledged mark after the admin-service committed them. The file survives
// the death of every process. Layout 1, docs/protocol/usage-journal.md. No
// content, no address.
//
// Who writes what: the worker all records and `reserved`; the courier
// `acknowledged`. Each treats the other's values as hostile. A record's
// identity is (journal id, sequence); sequence n lives in slot n % capacity.
#ifndef HOLT_COMMON_IPC_USAGE_JOURNAL_H_
#define HOLT_COMMON_IPC_USAGE_JOURNAL_H_

#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/unique_fd.h"
#include "common/ipc/shared_memory.h"

namespace holt {

using JournalId = std::array<uint8_t, 16>;

enum class Endpoint : uint8_t {
  kOther = 0,
  kChatCompletions = 1,
  kCompletions = 2,
  kEmbeddings = 3,
  kResponses = 4,
  kTranscriptions = 5,
  kTranslations = 6,
  kSpeech = 7,
  kModels = 8,
  kMessages = 9,
};

enum class UsageOutcome : uint8_t {
  kFinished = 1,  // the whole answer was relayed
  kCut = 2,       // the upstream or the gateway broke off; counts as last seen
  kAborted = 3,   // the client went away; counts as last seen
  kRecovered =
      4,  // the worker died; counts as last seen, closed by its successor
};

inline constexpr size_t kMaxModelText = 64;

// The values of one request. Trivially copyable, lives in the journal as it is.
struct UsageValues {
  uint64_t key_number;
  int64_t start_unix_us;
  int64_t end_unix_us;
  uint64_t prompt_tokens;
  uint64_t completion_tokens;
  uint64_t total_tokens;
  uint64_t cached_tokens;     // part of prompt_tokens
  uint64_t reasoning_tokens;  // part of completion_tokens
  uint64_t audio_bytes;
  uint16_t http_status;  // what the client got; 0 when nothing
  Endpoint endpoint;
  UsageOutcome outcome;
  uint8_t streamed;          // 1: an event stream
  uint8_t usage_seen;        // 1: the upstream gave a readable usage object
  uint8_t usage_unreadable;  // 1: it gave one that was refused
  uint8_t model_size;
  char model[kMaxModelText];  // the model the upstream named, else the one
                              // asked for; letters, digits and ._:/@+- only,
                              // "unknown" otherwise
};
static_assert(std::is_trivially_copyable_v<UsageValues>);

// Stores `model` if it is 1 to kMaxModelText bytes of the permitted letters,
// else "unknown".
void SetModel(UsageValues& values, absl::string_view model);
absl::string_view ModelOf(const UsageValues& values);

// Records per journal unless a test asks for fewer. Power of two.
inline constexpr uint32_t kDefaultJournalCapacity = 65'536;
inline constexpr uint32_t kLeastJournalCapacity = 8;
inline constexpr uint32_t kMostJournalCapacity = 1'048'576;
size_t JournalFileSize(uint32_t capacity);

// Prepares a new (empty) file: size, header, random id. FailedPrecondition when
// the file has something else in it. For the supervisor, before it hands the
// descriptor out; a file that is one already is left alone. fdatasync'ed.
absl::Status PrepareJournalFile(int fd, uint32_t capacity);

// The worker's side: one writer per journal.
class JournalWriter {
 public:
  // Maps the journal and closes the records that a dead predecessor left
  // reserved (kRecovered, counts as last seen).
  static absl::StatusOr<JournalWriter> Open(int fd);

  // Reserves the next record with what is known so far. ResourceExhausted when
  // the journal is full of unreported ones: the request must then be refused.
  // Returns its sequence.
  absl::StatusOr<uint64_t> Reserve(const UsageValues& values);
  // Replaces the values of a reserved record (running counts).
  // A worker killed inside leaves each count from before or after.
  void Update(uint64_t sequence, const UsageValues& values);
  // Closes it: from now on it is reported. Once per sequence.
  void Commit(uint64_t sequence, const UsageValues& values);
  // Takes a reserved record out of the accounts: the request was never sent
  // upstream. It is reported as void, which only moves the sequence on.
  void Release(uint64_t sequence);
  [[nodiscard]] uint64_t open_records() const { return open_; }

 private:
  JournalWriter(Mapping mapping, uint32_t capacity, JournalId id)
      : mapping_(std::move(mapping)), capacity_(capacity), id_(id) {}
  Mapping mapping_;
  uint32_t capacity_;
  JournalId id_;
  uint64_t next_ = 0;
  // The highest mark seen: what the courier acknowledged stays acknowledged.
  uint64_t acknowledged_ = 0;
  uint64_t open_ = 0;
};

// The courier's side.
class JournalReader {
 public:
  static absl::StatusOr<JournalReader> Open(int fd);

  struct Record {
    uint64_t sequence = 0;
    bool is_void = false;  // Release()d: acknowledge without reporting
    UsageValues values{};
  };
  enum class ReadResult {
    kRecord,   // `record` is filled
    kOpen,     // reserved and still running: skip it for now, come back
    kEnd,      // nothing at or after this sequence yet
    kDamaged,  // its checksum or sequence is wrong: count, report, and treat as
               // void
  };
  // Looks at one sequence at or after acknowledged().
  ReadResult Read(uint64_t sequence, Record& record) const;

  [[nodiscard]] const JournalId& id() const { return id_; }
  // All records before this sequence were committed by the admin-service.
  [[nodiscard]] uint64_t acknowledged() const;
  // Moves the mark forward; never back, never beyond what the worker reserved
  // (both: no effect).
  void Acknowledge(uint64_t up_to);
  // For an orphan (no worker owns the slot): closes reserved records as
  // JournalWriter::Open does.
  void CloseReserved();
  // Records reserved and not yet acknowledged.
  [[nodiscard]] uint64_t backlog() const;
  [[nodiscard]] uint32_t capacity() const { return capacity_; }

 private:
  JournalReader(Mapping mapping, uint32_t capacity, JournalId id)
      : mapping_(std::move(mapping)), capacity_(capacity), id_(id) {}
  [[nodiscard]] uint64_t reserved() const;
  Mapping mapping_;
  uint32_t capacity_;
  JournalId id_;
  // Read from the file once: a worker that changes it there changes nothing.
  uint64_t acknowledged_ = 0;
};

}  // namespace holt

#endif  // HOLT_COMMON_IPC_USAGE_JOURNAL_H_
