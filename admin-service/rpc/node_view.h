// What the courier last told of the node's processes and journals, kept in
// memory for status. Runs in the admin-service, any thread. Numbers to show;
// nothing is decided by them.
#ifndef HOLT_ADMIN_SERVICE_RPC_NODE_VIEW_H_
#define HOLT_ADMIN_SERVICE_RPC_NODE_VIEW_H_

#include <cstdint>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "proto/holt/admin/v1/status_service.pb.h"
#include "proto/holt/internal/v1/courier.pb.h"

namespace holt::admin {

class NodeView {
 public:
  void SetConnected(bool connected);
  // Bounded by the caller.
  void Update(const internal::v1::ReportNodeRequest& report, absl::Time now);
  // Fills courier, children and journals.
  void Fill(v1::NodeStatus& status) const;

 private:
  using Slot = std::pair<uint32_t, uint32_t>;  // role, index
  mutable absl::Mutex mutex_;
  bool connected_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time report_time_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  internal::v1::ReportNodeRequest report_ ABSL_GUARDED_BY(mutex_);
  // When a child's heartbeat was last seen to move. Of the children of the
  // newest report only, so that no courier can make it grow.
  struct Pulse {
    uint64_t heartbeat = 0;
    absl::Time moved;
  };
  std::map<Slot, Pulse> pulses_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_RPC_NODE_VIEW_H_
