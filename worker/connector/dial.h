// One dial: connects to the addresses of a name, the next one started when an
// earlier one fails or is slow (RFC 8305 in its simplest form), and gives the
// first socket that is connected. Connector.
#ifndef HOLT_WORKER_CONNECTOR_DIAL_H_
#define HOLT_WORKER_CONNECTOR_DIAL_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "common/base/unique_fd.h"
#include "common/event/loop.h"
#include "common/ipc/frames.h"
#include "worker/connector/resolver.h"

namespace holt::worker {

class Dial final : public Deletable {
 public:
  // How it ended: kOk with a connected, non-blocking socket, or why not. Runs
  // once, from the loop, and never inside Start().
  using Callback = std::function<void(DialStatus status, UniqueFd socket)>;

  // A slow address is given this long before the next one is tried beside it.
  static constexpr absl::Duration kStagger = absl::Milliseconds(250);

  Dial(Loop& loop, Resolver::Addresses addresses, Callback callback);
  ~Dial() override = default;

  void Start(absl::Duration timeout);

 private:
  struct Attempt {
    UniqueFd socket;
    std::unique_ptr<FdEvent> event;
  };

  void TryNext();
  void OnAttemptReady(Attempt& attempt);
  void OnAttemptFailed(int error_number);
  void Finish(DialStatus status, UniqueFd socket);

  Loop& loop_;
  const Resolver::Addresses addresses_;
  Callback callback_;
  Timer next_;
  Timer deadline_;
  size_t tried_ = 0;
  size_t running_ = 0;
  std::vector<std::unique_ptr<Attempt>> attempts_;
  DialStatus last_failure_ = DialStatus::kUnreachable;
  bool finished_ = false;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_CONNECTOR_DIAL_H_
