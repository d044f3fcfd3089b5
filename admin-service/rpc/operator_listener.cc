#include "admin-service/rpc/operator_listener.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"

namespace holt::admin {
namespace {

// When descriptors run out, the next try waits this long.
constexpr int kExhaustedPauseMillis = 100;

absl::StatusOr<uid_t> PeerOf(int connection) {
  ucred credentials = {};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &size) !=
          0 ||
      size != sizeof(credentials)) {
    return ErrnoToStatus(errno, "reading the peer's credentials");
  }
  return credentials.uid;
}

}  // namespace

absl::StatusOr<std::unique_ptr<OperatorListener>> OperatorListener::Start(
    UniqueFd socket, std::set<uid_t> permitted, Accepted accepted) {
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop.valid()) return ErrnoToStatus(errno, "eventfd");
  // A client that goes away between poll and accept must not block us.
  if (::fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0) {
    return ErrnoToStatus(errno, "the administration socket");
  }
  std::unique_ptr<OperatorListener> listener(
      new OperatorListener(std::move(socket), std::move(stop),
                           std::move(permitted), std::move(accepted)));
  listener->thread_ = std::thread([self = listener.get()] { self->Run(); });
  return listener;
}

OperatorListener::~OperatorListener() {
  HOLT_CHECK(::eventfd_write(stop_.get(), 1) == 0);
  thread_.join();
}

bool OperatorListener::Stopped(int timeout_ms) {
  pollfd stop = {.fd = stop_.get(), .events = POLLIN};
  return ::poll(&stop, 1, timeout_ms) > 0;
}

void OperatorListener::Run() {
  while (!Stopped(0)) {
    std::array<pollfd, 2> waits = {{{.fd = socket_.get(), .events = POLLIN},
                                    {.fd = stop_.get(), .events = POLLIN}}};
    if (::poll(waits.data(), waits.size(), -1) > 0 && waits[0].revents != 0) {
      AcceptOne();
    }
  }
}

void OperatorListener::AcceptOne() {
  UniqueFd connection(
      ::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!connection.valid()) {
    const bool exhausted = errno == EMFILE || errno == ENFILE;
    if (exhausted) Stopped(kExhaustedPauseMillis);
    return;
  }
  const absl::StatusOr<uid_t> uid = PeerOf(connection.get());
  if (!uid.ok() || !permitted_.contains(*uid)) {
    Log(Severity::kWarning, "operator_refused")
        .Number("uid", uid.ok() ? int64_t{*uid} : int64_t{-1});
    return;
  }
  accepted_(std::move(connection), *uid);
}

}  // namespace holt::admin
