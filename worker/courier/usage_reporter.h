// Brings closed usage records from the journals to the admin-service: one batch
// under way at a time, acknowledged when the ledger has committed it, sent
// again when nobody knows. What an answer says about marks is for the log only:
// a journal's mark follows from what was sent and taken. Courier only, on its
// loop's thread; journals are hostile, the admin-service is believed that it
// committed.
#ifndef HOLT_WORKER_COURIER_USAGE_REPORTER_H_
#define HOLT_WORKER_COURIER_USAGE_REPORTER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/unique_fd.h"
#include "common/event/loop.h"
#include "proto/holt/internal/v1/courier.pb.h"
#include "worker/courier/admin_client.h"
#include "worker/courier/journal_cursor.h"

namespace holt::worker {

class UsageReporter {
 public:
  // Looks for records every `interval`. The loop outlives it.
  UsageReporter(Loop& loop, absl::Duration interval);

  // The client to report by, or null: none now. A batch under way with the one
  // before counts as lost. The client outlives its use here.
  void SetClient(AdminClient* client);

  // Takes the journal of a worker's slot. One that is known already only learns
  // whether it is an orphan; another file in the same slot replaces it, behind
  // its mark. InvalidArgument: not a journal, or too many.
  absl::Status AddJournal(uint16_t slot, int fd, bool orphan);

  // Calls `drained` once there is nothing left that could be reported.
  void Drain(std::function<void()> drained);

  void FillReport(internal::v1::ReportNodeRequest& report) const;

 private:
  // A batch is under way from Look() to OnReported(), which ends in one of:
  // OnSettled (the ledger has it), OnFailed (nobody knows: again, later), or
  // never, when the client is replaced meanwhile (SetClient takes it back).
  struct Journal {
    JournalCursor cursor;
    bool orphan = false;
  };

  // The timer's call, and after each batch that was taken.
  void Look();
  // Fills a batch from the journals, and notes which; returns its records.
  int Collect(internal::v1::ReportUsageRequest& request);
  void OnReported(const grpc::Status& status,
                  const internal::v1::ReportUsageResponse& response);
  void OnSettled(const internal::v1::ReportUsageResponse& response);
  void OnFailed(const grpc::Status& status);
  void ForEachReported(const std::function<void(JournalCursor&)>& visit);
  void EndDrain();

  const absl::Duration interval_;
  AdminClient* client_ = nullptr;
  Timer timer_;
  std::map<uint16_t, Journal> journals_;  // by slot
  std::vector<uint16_t> reported_;        // slots of the batch under way
  bool under_way_ = false;
  uint16_t first_slot_ = 0;  // whose turn it is to be collected first
  // Halved when a batch is refused as nonsense, doubled when one is taken.
  int batch_size_;
  absl::Duration back_off_;
  std::function<void()> drained_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_COURIER_USAGE_REPORTER_H_
