// What the courier knows about one journal: which records are settled, which
// are on their way, which requests still run. Courier only, on its loop's
// thread; the journal is written by a worker and hostile.
//
// A record is reported when it is closed, in any order; the journal's mark
// moves over the records that are settled without a gap. Nothing of this is
// kept elsewhere: a courier that starts anew reports everything behind the mark
// again, and the ledger knows it already.
#ifndef HOLT_WORKER_COURIER_JOURNAL_CURSOR_H_
#define HOLT_WORKER_COURIER_JOURNAL_CURSOR_H_

#include <cstdint>
#include <set>
#include <vector>

#include "common/ipc/usage_journal.h"
#include "proto/holt/internal/v1/courier.pb.h"

namespace holt::worker {

class JournalCursor {
 public:
  explicit JournalCursor(JournalReader reader);

  // Appends up to `most` closed records that are not settled to `batch`, in
  // ascending order, and takes them as on their way; returns how many.
  int Collect(int most, internal::v1::JournalBatch& batch);
  // What is on its way has arrived; the mark moves as far as it can.
  void Settle();
  // What is on its way did not arrive: the next Collect begins anew.
  void Forget() { on_their_way_.clear(); }
  // The admin-service will not have what is on its way: it is reported as
  // damaged from now on.
  void Condemn();

  // No worker writes any more: what it left open is closed.
  void CloseReserved() { reader_.CloseReserved(); }

  [[nodiscard]] const JournalReader& reader() const { return reader_; }
  [[nodiscard]] uint64_t damaged() const { return damaged_; }

 private:
  // True when the record was closed and is in `batch` now.
  bool Report(uint64_t sequence, internal::v1::JournalBatch& batch);

  JournalReader reader_;
  uint64_t next_;  // the first that was never looked at
  // Looked at and not settled: still open, or reported in vain.
  std::set<uint64_t> waiting_;
  std::vector<uint64_t> on_their_way_;  // part of waiting_
  std::set<uint64_t> known_damaged_;    // part of waiting_
  uint64_t damaged_ = 0;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_COURIER_JOURNAL_CURSOR_H_
