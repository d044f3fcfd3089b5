// Applies the admin-service's stream to the shared key table, step by step: the
// order and bounds of courier.proto are checked before anything is written.
// Courier only, on its loop's thread; the stream is hostile in form, trusted in
// what it grants.
#ifndef HOLT_WORKER_COURIER_KEY_SYNC_H_
#define HOLT_WORKER_COURIER_KEY_SYNC_H_

#include <cstdint>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/ipc/key_table.h"
#include "proto/holt/internal/v1/courier.pb.h"
#include "worker/courier/cell_allocator.h"

namespace holt::worker {

class KeySync {
 public:
  // Table and clock outlive it. What the table holds goes on, with its cells.
  KeySync(KeyTableWriter& table, uint32_t max_keys, const Clock& clock);

  // A new stream begins: nothing but the start of a snapshot may come next.
  void BeginStream() { phase_ = Phase::kNothing; }
  // InvalidArgument: out of order, or a bound is broken. FailedPrecondition: an
  // epoch older than the table's. Either way the step was not applied and the
  // stream must be given up. Keys beyond the table's size are left out.
  absl::Status Apply(const internal::v1::KeyTableChange& change);

  // Workers have a whole table, of this stream or of an earlier one.
  [[nodiscard]] bool has_table() const { return table_.epoch() != 0; }
  [[nodiscard]] uint64_t epoch() const { return table_.epoch(); }
  [[nodiscard]] uint32_t key_count() const { return table_.size(); }

 private:
  // kNothing -> kSnapshot at its begin -> kLive at its end.
  enum class Phase { kNothing, kSnapshot, kLive };

  absl::Status ApplyStep(const internal::v1::KeyTableChange& change);
  absl::Status BeginSnapshot();
  absl::Status EndSnapshot();
  absl::Status Put(const internal::v1::Key& key);
  absl::Status Remove(const std::string& digest);
  absl::Status SetSettings(const internal::v1::Settings& settings);

  KeyTableWriter& table_;
  const uint32_t max_keys_;
  const Clock& clock_;
  CellAllocator cells_;
  Phase phase_ = Phase::kNothing;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_COURIER_KEY_SYNC_H_
