#include "supervisor/child_set.h"

#include <utility>

#include "common/base/status_macros.h"

namespace holt::supervisor {
namespace {

absl::Status Fill(Role role, uint16_t count,
                  std::vector<std::unique_ptr<Child>>& slots) {
  for (uint16_t slot = 0; slot < count; ++slot) {
    ASSIGN_OR_RETURN(std::unique_ptr<Child> child, Child::Create(role, slot));
    slots.push_back(std::move(child));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ChildSet> ChildSet::Create(uint16_t workers, uint16_t managed) {
  ChildSet set;
  RETURN_IF_ERROR(Fill(Role::kManaged, managed, set.managed_));
  ASSIGN_OR_RETURN(set.admin_service_, Child::Create(Role::kAdminService, 0));
  ASSIGN_OR_RETURN(set.courier_, Child::Create(Role::kCourier, 0));
  ASSIGN_OR_RETURN(set.connector_, Child::Create(Role::kConnector, 0));
  RETURN_IF_ERROR(
      Fill(Role::kWorker, static_cast<uint16_t>(2 * workers), set.workers_));
  return set;
}

Child& ChildSet::TwinOf(const Child& worker) {
  const uint16_t count = worker_count();
  return *workers_[worker.slot() < count ? worker.slot() + count
                                         : worker.slot() - count];
}

std::vector<Child*> ChildSet::All() {
  std::vector<Child*> all;
  for (const auto& child : managed_) all.push_back(child.get());
  all.push_back(admin_service_.get());
  all.push_back(courier_.get());
  all.push_back(connector_.get());
  for (const auto& child : workers_) all.push_back(child.get());
  return all;
}

Child* ChildSet::ByPid(pid_t pid) {
  for (Child* child : All()) {
    if (child->running() && child->pid() == pid) return child;
  }
  return nullptr;
}

}  // namespace holt::supervisor
