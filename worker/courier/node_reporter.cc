#include "worker/courier/node_reporter.h"

#include <atomic>

#include "common/base/status_macros.h"
#include "common/ipc/counters.h"

namespace holt::worker {
namespace {

using internal::v1::Child;
using internal::v1::ReportNodeRequest;
using internal::v1::ReportNodeResponse;

// The bound of courier.proto.
constexpr size_t kMostChildren = 128;

void FillChild(const ChildCounters& counters, Child& child) {
  const auto read = [](const std::atomic<uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  child.set_heartbeat(read(counters.heartbeat));
  child.set_connections_accepted(read(counters.connections_accepted));
  child.set_connections_open(read(counters.connections_open));
  child.set_handshakes_completed(read(counters.handshakes_completed));
  child.set_handshakes_failed(read(counters.handshakes_failed));
  child.set_handshakes_resumed(read(counters.handshakes_resumed));
  child.set_requests_started(read(counters.requests_started));
  child.set_requests_finished(read(counters.requests_finished));
  child.set_requests_refused(read(counters.requests_refused));
  child.set_requests_failed(read(counters.requests_failed));
  child.set_requests_aborted(read(counters.requests_aborted));
  child.set_upstream_dials(read(counters.upstream_dials));
  child.set_upstream_dials_failed(read(counters.upstream_dials_failed));
  child.set_upstream_reused(read(counters.upstream_reused));
  child.set_stream_chunks(read(counters.stream_chunks));
  child.set_reads_paused(read(counters.reads_paused));
  child.set_buffered_bytes(read(counters.buffered_bytes));
  child.set_journal_full(read(counters.journal_full));
}

}  // namespace

NodeReporter::NodeReporter(Loop& loop, absl::Duration interval, Fill fill)
    : interval_(interval),
      fill_(std::move(fill)),
      timer_(loop, [this] { Report(); }) {
  timer_.Start(interval_);
}

void NodeReporter::SetClient(AdminClient* client) {
  client_ = client;
  under_way_ = false;
  timer_.Start(absl::ZeroDuration());
}

void NodeReporter::ReportSoon() {
  if (under_way_) {
    again_ = true;
  } else {
    timer_.Start(absl::ZeroDuration());
  }
}

absl::Status NodeReporter::AddCounters(Role role, uint16_t slot, int fd) {
  ASSIGN_OR_RETURN(Mapping mapping,
                   Mapping::Map(fd, kCountersSize, Mapping::Access::kReadOnly));
  const std::pair<Role, uint16_t> child(role, slot);
  if (counters_.count(child) == 0 && counters_.size() == kMostChildren) {
    return absl::InvalidArgumentError("too many children");
  }
  counters_[child] = std::move(mapping);
  return absl::OkStatus();
}

void NodeReporter::Report() {
  timer_.Start(interval_);
  if (client_ == nullptr || under_way_) return;
  ReportNodeRequest request;
  for (const auto& [name, mapping] : counters_) {
    Child& child = *request.add_children();
    child.set_role(static_cast<uint32_t>(name.first));
    child.set_slot(name.second);
    FillChild(*reinterpret_cast<const ChildCounters*>(mapping.data()), child);
  }
  fill_(request);
  under_way_ = true;
  client_->ReportNode(std::move(request),
                      [this](const grpc::Status&, const ReportNodeResponse&) {
                        under_way_ = false;
                        if (std::exchange(again_, false)) ReportSoon();
                      });
}

}  // namespace holt::worker
