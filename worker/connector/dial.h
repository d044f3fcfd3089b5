// One dial: connects to the first of some addresses that answers, starting the
// next when one failed or has been silent for a while (as RFC 8305 advises).
// Connector.
#ifndef HOLT_WORKER_CONNECTOR_DIAL_H_
#define HOLT_WORKER_CONNECTOR_DIAL_H_

#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "common/base/unique_fd.h"
#include "common/event/loop.h"
#include "common/ipc/frames.h"
#include "worker/connector/socket_address.h"

namespace holt::worker {

class Dial final : public Deletable {
 public:
  // The connected socket (non-blocking, without delay of small writes, kept
  // alive), or an invalid one and why.
  using Callback = std::function<void(DialStatus, UniqueFd)>;

  static constexpr absl::Duration kStagger = absl::Milliseconds(250);

  // `callback` runs once, later. Its owner then hands the dial to
  // Loop::DeferDelete; destroying it before ends the dial silently.
  Dial(Loop& loop, absl::Duration timeout, Callback callback);
  ~Dial() override;

  // `addresses`, the best first. An empty list is kUnresolved.
  void Start(std::vector<SocketAddress> addresses);

 private:
  struct Attempt;
  void TryNext();
  // False when it failed at once.
  bool Try(const SocketAddress& address);
  void OnAnswered(Attempt& attempt);
  void Drop(Attempt& attempt);
  void GiveUpIfNoneLeft();
  void Finish(DialStatus status, UniqueFd socket);

  Loop& loop_;
  const absl::Duration timeout_;
  Callback callback_;
  Timer deadline_;
  Timer next_;
  std::vector<SocketAddress> addresses_;
  size_t tried_ = 0;
  std::list<std::unique_ptr<Attempt>> attempts_;
  // What the latest failure was.
  DialStatus failure_ = DialStatus::kUnresolved;
  bool finished_ = false;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_CONNECTOR_DIAL_H_
