// All child slots of a node. Workers have two slots each: a replacement is
// started in the other one, so that the old and the new overlap on a reload.
// Supervisor only.
#ifndef HOLT_SUPERVISOR_CHILD_SET_H_
#define HOLT_SUPERVISOR_CHILD_SET_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "supervisor/child.h"

namespace holt::supervisor {

class ChildSet {
 public:
  // `workers` workers (2 x that many slots), `managed` programs that are not
  // ours.
  static absl::StatusOr<ChildSet> Create(uint16_t workers, uint16_t managed);

  Child& admin_service() { return *admin_service_; }
  Child& courier() { return *courier_; }
  Child& connector() { return *connector_; }
  // By slot.
  std::vector<std::unique_ptr<Child>>& workers() { return workers_; }
  std::vector<std::unique_ptr<Child>>& managed() { return managed_; }
  [[nodiscard]] uint16_t worker_count() const {
    return static_cast<uint16_t>(workers_.size() / 2);
  }
  // The other slot of the same worker.
  Child& TwinOf(const Child& worker);

  // In the order of their start: those that others wait for come first.
  std::vector<Child*> All();
  // Null when none has that process.
  Child* ByPid(pid_t pid);

 private:
  ChildSet() = default;
  std::vector<std::unique_ptr<Child>> managed_;
  std::unique_ptr<Child> admin_service_;
  std::unique_ptr<Child> courier_;
  std::unique_ptr<Child> connector_;
  std::vector<std::unique_ptr<Child>> workers_;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_CHILD_SET_H_
