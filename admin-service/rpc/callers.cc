#include "admin-service/rpc/callers.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace holt::admin {

void Callers::Note(int fd, uid_t uid) {
  absl::MutexLock lock(&mutex_);
  uids_[fd] = uid;
}

Actor Callers::Find(absl::string_view peer) const {
  int fd = -1;
  if (!absl::ConsumePrefix(&peer, "fd:") || !absl::SimpleAtoi(peer, &fd)) {
    return {"unknown"};
  }
  absl::MutexLock lock(&mutex_);
  const auto found = uids_.find(fd);
  if (found == uids_.end()) return {"unknown"};
  return {absl::StrCat("uid:", found->second)};
}

}  // namespace holt::admin
