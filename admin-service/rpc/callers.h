// Who is at the other end of an operator's connection. The listener writes down
// the user it read from the socket before gRPC gets the connection; a service
// asks by the peer text of its call ("fd:12"). Admission was decided at accept;
// what is looked up here names the actor in the audit trail. Runs in the
// admin-service, any thread.
#ifndef HOLT_ADMIN_SERVICE_RPC_CALLERS_H_
#define HOLT_ADMIN_SERVICE_RPC_CALLERS_H_

#include <sys/types.h>

#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "admin-service/store/records.h"

namespace holt::admin {

class Callers {
 public:
  // Connection `fd` is from `uid`. A number that was used before belongs to the
  // new connection from now on.
  void Note(int fd, uid_t uid);
  // "uid:1000", or "unknown".
  [[nodiscard]] Actor Find(absl::string_view peer) const;

 private:
  mutable absl::Mutex mutex_;
  std::map<int, uid_t> uids_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_RPC_CALLERS_H_
