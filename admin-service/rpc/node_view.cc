#include "admin-service/rpc/node_view.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "admin-service/rpc/conversions.h"
#include "common/ipc/descriptors.h"

namespace holt::admin {
namespace {

// A heartbeat that stands still this long over several reports is none. Two
// reports may follow one another at once, so equality alone says nothing.
constexpr absl::Duration kSilence = absl::Seconds(3);

// A number of a child, to show.
int64_t Shown(uint64_t number) {
  return static_cast<int64_t>(
      std::min<uint64_t>(number, std::numeric_limits<int64_t>::max()));
}

const char* NameOf(uint32_t role) {
  switch (static_cast<Role>(role)) {
    case Role::kSupervisor:
      return "supervisor";
    case Role::kWorker:
      return "worker";
    case Role::kCourier:
      return "courier";
    case Role::kConnector:
      return "connector";
    case Role::kAdminService:
      return "admin-service";
    case Role::kManaged:
      return "managed";
  }
  return "unknown";
}

void FillWorkerCounters(const internal::v1::Child& from, v1::Child& to) {
  auto& counters = *to.mutable_counters();
  counters["connections_accepted"] = Shown(from.connections_accepted());
  counters["connections_open"] = Shown(from.connections_open());
  counters["handshakes_completed"] = Shown(from.handshakes_completed());
  counters["handshakes_failed"] = Shown(from.handshakes_failed());
  counters["handshakes_resumed"] = Shown(from.handshakes_resumed());
  counters["requests_started"] = Shown(from.requests_started());
  counters["requests_finished"] = Shown(from.requests_finished());
  counters["requests_refused"] = Shown(from.requests_refused());
  counters["requests_failed"] = Shown(from.requests_failed());
  counters["requests_aborted"] = Shown(from.requests_aborted());
  counters["upstream_dials"] = Shown(from.upstream_dials());
  counters["upstream_dials_failed"] = Shown(from.upstream_dials_failed());
  counters["upstream_reused"] = Shown(from.upstream_reused());
  counters["stream_chunks"] = Shown(from.stream_chunks());
  counters["reads_paused"] = Shown(from.reads_paused());
  counters["buffered_bytes"] = Shown(from.buffered_bytes());
  counters["journal_full"] = Shown(from.journal_full());
}

}  // namespace

void NodeView::SetConnected(bool connected) {
  absl::MutexLock lock(&mutex_);
  connected_ = connected;
}

void NodeView::Update(const internal::v1::ReportNodeRequest& report,
                      absl::Time now) {
  absl::MutexLock lock(&mutex_);
  std::map<Slot, Pulse> pulses;
  for (const internal::v1::Child& child : report.children()) {
    const Slot slot(child.role(), child.slot());
    const auto earlier = pulses_.find(slot);
    const bool moved = earlier == pulses_.end() ||
                       earlier->second.heartbeat != child.heartbeat();
    pulses[slot] = moved ? Pulse{child.heartbeat(), now} : earlier->second;
  }
  pulses_ = std::move(pulses);
  report_ = report;
  report_time_ = now;
}

void NodeView::Fill(v1::NodeStatus& status) const {
  absl::MutexLock lock(&mutex_);
  v1::Courier& courier = *status.mutable_courier();
  courier.set_connected(connected_);
  if (report_time_ == absl::InfinitePast()) return;
  *courier.mutable_report_time() = ToProto(report_time_);
  courier.set_key_epoch(Shown(report_.key_epoch()));
  for (const internal::v1::Child& from : report_.children()) {
    v1::Child& child = *status.add_children();
    child.set_role(NameOf(from.role()));
    child.set_index(static_cast<int32_t>(from.slot()));
    const auto pulse = pulses_.find({from.role(), from.slot()});
    child.set_alive(pulse != pulses_.end() &&
                    report_time_ - pulse->second.moved < kSilence);
    if (static_cast<Role>(from.role()) == Role::kWorker) {
      FillWorkerCounters(from, child);
    }
  }
  for (const internal::v1::Journal& from : report_.journals()) {
    v1::Journal& journal = *status.add_journals();
    journal.set_index(static_cast<int32_t>(from.slot()));
    journal.set_backlog_count(Shown(from.backlog()));
    journal.set_capacity(Shown(from.capacity()));
    journal.set_orphan(from.orphan());
    journal.set_damaged_count(Shown(from.damaged()));
  }
}

}  // namespace holt::admin
