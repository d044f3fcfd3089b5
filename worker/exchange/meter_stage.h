// The last stage of an exchange: its usage record. Reserved in the journal
// before anything goes upstream, kept up to date while the answer passes,
// closed before the answer's last byte leaves. Worker; the numbers come from
// the upstream and were checked by meter/usage.h.
#ifndef HOLT_WORKER_EXCHANGE_METER_STAGE_H_
#define HOLT_WORKER_EXCHANGE_METER_STAGE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/base/clock.h"
#include "common/ipc/usage_journal.h"
#include "worker/meter/usage.h"

namespace holt::worker {

class MeterStage {
 public:
  // Both outlive the stage.
  MeterStage(JournalWriter& journal, const Clock& clock)
      : journal_(journal), clock_(clock) {}
  // A record that nobody closed is closed as cut: nothing is lost silently.
  ~MeterStage();
  MeterStage(const MeterStage&) = delete;
  MeterStage& operator=(const MeterStage&) = delete;

  struct Request {
    uint64_t key_number = 0;
    Endpoint endpoint = Endpoint::kOther;
    absl::string_view model;  // as asked for; counts only if the upstream
                              // accepted the request and named none itself
    bool streamed = false;
  };
  // Reserves the record. ResourceExhausted: the journal is full, the request
  // must be refused.
  absl::Status Open(const Request& request);
  [[nodiscard]] bool is_open() const { return open_; }

  // What the answer has shown so far. Written to the journal only when
  // something changed.
  void Observe(const UsageReading& reading, absl::string_view model);
  // The status that the client gets. A 2xx brings the model asked for into the
  // record.
  void SetStatus(int http_status);

  // Closes the record; no effect when none is open.
  void Close(UsageOutcome outcome);
  // Nothing was sent upstream: the record is taken back.
  void TakeBack();

 private:
  JournalWriter& journal_;
  const Clock& clock_;
  UsageValues values_{};
  UsageValues asked_{};  // holds the model asked for, checked like any other
  UsageReading seen_;
  uint64_t sequence_ = 0;
  bool open_ = false;
  bool model_answered_ = false;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_EXCHANGE_METER_STAGE_H_
