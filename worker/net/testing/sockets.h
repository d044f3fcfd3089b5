// Real sockets for tests of a worker's parts, and turning a loop until
// something is so.
#ifndef HOLT_WORKER_NET_TESTING_SOCKETS_H_
#define HOLT_WORKER_NET_TESTING_SOCKETS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "common/base/unique_fd.h"
#include "common/event/loop.h"

namespace holt::worker {

struct SocketPair {
  UniqueFd ours;    // non-blocking
  UniqueFd theirs;  // non-blocking
};

// Connected over loopback TCP.
SocketPair ConnectedPair();

// A listening TCP socket on a free port of 127.0.0.1.
struct Listener {
  UniqueFd socket;  // non-blocking
  uint16_t port = 0;
};
Listener Listen();

// A connection to it; blocks until it stands.
UniqueFd ConnectTo(uint16_t port);

// A port of 127.0.0.1 at which nobody listens.
uint16_t DeadPort();

// All there is to read now.
std::string ReadAvailable(int fd);
// Writes all of `text`, or as much as the socket takes.
size_t WriteAvailable(int fd, absl::string_view text);

// Turns `loop` until `done`, or fails the test after a long while.
void TurnUntil(Loop& loop, const std::function<bool()>& done);
// Turns it until nothing has been ready for some turns.
void TurnUntilQuiet(Loop& loop);

}  // namespace holt::worker

#endif  // HOLT_WORKER_NET_TESTING_SOCKETS_H_
