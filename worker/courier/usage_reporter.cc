#include "worker/courier/usage_reporter.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/base/log.h"
#include "common/base/status_macros.h"

namespace holt::worker {
namespace {

using internal::v1::ReportNodeRequest;
using internal::v1::ReportUsageRequest;
using internal::v1::ReportUsageResponse;

// The bounds of courier.proto.
constexpr int kMostRecords = 512;
constexpr size_t kMostJournals = 64;

constexpr absl::Duration kFirstBackOff = absl::Milliseconds(100);
constexpr absl::Duration kLongestBackOff = absl::Seconds(5);

}  // namespace

UsageReporter::UsageReporter(Loop& loop, absl::Duration interval)
    : interval_(interval),
      timer_(loop, [this] { Look(); }),
      batch_size_(kMostRecords),
      back_off_(kFirstBackOff) {
  timer_.Start(interval_);
}

void UsageReporter::SetClient(AdminClient* client) {
  client_ = client;
  if (under_way_) ForEachReported([](JournalCursor& c) { c.Forget(); });
  under_way_ = false;
  back_off_ = kFirstBackOff;
  timer_.Start(absl::ZeroDuration());
}

absl::Status UsageReporter::AddJournal(uint16_t slot, int fd, bool orphan) {
  ASSIGN_OR_RETURN(JournalReader reader, JournalReader::Open(fd));
  auto known = journals_.find(slot);
  if (known == journals_.end() && journals_.size() == kMostJournals) {
    return absl::InvalidArgumentError("too many usage journals");
  }
  if (known == journals_.end() ||
      known->second.cursor.reader().id() != reader.id()) {
    // What is under way of the file before stays unacknowledged there.
    std::erase(reported_, slot);
    journals_.erase(slot);
    known =
        journals_
            .emplace(slot, Journal{JournalCursor(std::move(reader)), orphan})
            .first;
  }
  known->second.orphan = orphan;
  if (orphan) known->second.cursor.CloseReserved();
  return absl::OkStatus();
}

// Sends what is closed, or looks again later.
void UsageReporter::Look() {
  if (under_way_) return;
  timer_.Start(interval_);
  ReportUsageRequest request;
  if (client_ == nullptr) return;
  if (Collect(request) == 0) {
    EndDrain();
    return;
  }
  under_way_ = true;
  timer_.Cancel();
  client_->ReportUsage(
      std::move(request),
      [this](const grpc::Status& status, const ReportUsageResponse& response) {
        OnReported(status, response);
      });
}

// Begins with another journal each time, so that a busy one does not keep the
// others from being heard.
int UsageReporter::Collect(ReportUsageRequest& request) {
  reported_.clear();
  int records = 0;
  auto it = journals_.upper_bound(first_slot_);
  for (size_t i = 0; i < journals_.size() && records < batch_size_; ++i) {
    if (it == journals_.end()) it = journals_.begin();
    if (reported_.empty()) first_slot_ = it->first;
    internal::v1::JournalBatch batch;
    const int count = it->second.cursor.Collect(batch_size_ - records, batch);
    if (count > 0) {
      records += count;
      reported_.push_back(it->first);
      *request.add_journals() = std::move(batch);
    }
    ++it;
  }
  return records;
}

void UsageReporter::OnReported(const grpc::Status& status,
                               const ReportUsageResponse& response) {
  under_way_ = false;
  if (status.ok()) {
    OnSettled(response);
  } else {
    OnFailed(status);
  }
}

void UsageReporter::OnSettled(const ReportUsageResponse& response) {
  ForEachReported([](JournalCursor& cursor) { cursor.Settle(); });
  uint64_t conflicts = 0;
  uint64_t refused = 0;
  for (const auto& journal : response.journals()) {
    conflicts += journal.conflicts();
    refused += journal.refused();
  }
  if (conflicts + refused > 0) {
    Log(Severity::kWarning, "usage_not_counted")
        .Number("conflicts", conflicts)
        .Number("refused", refused);
  }
  batch_size_ = std::min(kMostRecords, batch_size_ * 2);
  back_off_ = kFirstBackOff;
  // There may be more: a drain and a backlog do not wait for the timer.
  Look();
}

void UsageReporter::OnFailed(const grpc::Status& status) {
  Log(Severity::kWarning, "usage_not_reported")
      .Number("grpc_code", static_cast<int>(status.error_code()))
      .Number("records_at_most", batch_size_);
  const bool refused =
      status.error_code() == grpc::StatusCode::INVALID_ARGUMENT;
  // A record that no batch is taken with must not hold back all others for
  // good: the batches shrink until it stands alone.
  if (refused && batch_size_ == 1) {
    ForEachReported([](JournalCursor& cursor) { cursor.Condemn(); });
  } else {
    ForEachReported([](JournalCursor& cursor) { cursor.Forget(); });
  }
  if (refused) batch_size_ = std::max(1, batch_size_ / 2);
  timer_.Start(refused ? absl::ZeroDuration() : back_off_);
  back_off_ = std::min(kLongestBackOff, back_off_ * 2);
}

void UsageReporter::ForEachReported(
    const std::function<void(JournalCursor&)>& visit) {
  for (const uint16_t slot : reported_) visit(journals_.at(slot).cursor);
}

void UsageReporter::Drain(std::function<void()> drained) {
  drained_ = std::move(drained);
  if (!under_way_) timer_.Start(absl::ZeroDuration());
}

void UsageReporter::EndDrain() {
  if (drained_ == nullptr) return;
  timer_.Cancel();
  std::exchange(drained_, nullptr)();
}

void UsageReporter::FillReport(ReportNodeRequest& report) const {
  for (const auto& [slot, journal] : journals_) {
    const JournalReader& reader = journal.cursor.reader();
    internal::v1::Journal& to = *report.add_journals();
    to.set_journal_id(std::string(reader.id().begin(), reader.id().end()));
    to.set_slot(slot);
    to.set_orphan(journal.orphan);
    to.set_backlog(reader.backlog());
    to.set_capacity(reader.capacity());
    to.set_damaged(journal.cursor.damaged());
  }
}

}  // namespace holt::worker
