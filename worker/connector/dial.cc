#include "worker/connector/dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace holt::worker {
namespace {

DialStatus StatusOf(int error_number) {
  switch (error_number) {
    case ECONNREFUSED:
      return DialStatus::kRefused;
    case ETIMEDOUT:
      return DialStatus::kTimedOut;
    case EMFILE:
    case ENFILE:
    case EAGAIN:
      return DialStatus::kBusy;
    default:
      return DialStatus::kUnreachable;
  }
}

// Small writes go out at once, and a peer that vanished is noticed although a
// pooled connection is silent.
void SetOptions(int socket) {
  const int on = 1;
  const int idle_seconds = 60;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds,
               sizeof(idle_seconds));
}

int SocketError(int socket) {
  int error_number = 0;
  socklen_t size = sizeof(error_number);
  if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error_number, &size) != 0) {
    return errno;
  }
  return error_number;
}

}  // namespace

Dial::Dial(Loop& loop, Resolver::Addresses addresses, Callback callback)
    : loop_(loop),
      addresses_(std::move(addresses)),
      callback_(std::move(callback)),
      next_(loop, [this] { TryNext(); }),
      deadline_(loop, [this] { Finish(DialStatus::kTimedOut, UniqueFd()); }) {}

void Dial::Start(absl::Duration timeout) {
  deadline_.Start(timeout);
  next_.Start(absl::ZeroDuration());
}

void Dial::TryNext() {
  if (finished_) return;
  if (tried_ == addresses_.size()) {
    if (running_ == 0) Finish(last_failure_, UniqueFd());
    return;
  }
  const SocketAddress& address = addresses_[tried_++];
  auto attempt = std::make_unique<Attempt>();
  attempt->socket.reset(::socket(
      address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!attempt->socket.valid()) {
    OnAttemptFailed(errno);
    return;
  }
  SetOptions(attempt->socket.get());
  if (::connect(attempt->socket.get(), address.get(), address.size) != 0 &&
      errno != EINPROGRESS) {
    OnAttemptFailed(errno);
    return;
  }
  ++running_;
  Attempt& started = *attempt;
  started.event = std::make_unique<FdEvent>(
      loop_, started.socket.get(),
      [this, &started](uint32_t) { OnAttemptReady(started); });
  started.event->SetInterest(FdEvent::kWrite);
  attempts_.push_back(std::move(attempt));
  next_.Start(kStagger);
}

void Dial::OnAttemptReady(Attempt& attempt) {
  attempt.event->SetInterest(0);
  --running_;
  const int error_number = SocketError(attempt.socket.get());
  if (error_number == 0) {
    Finish(DialStatus::kOk, std::move(attempt.socket));
    return;
  }
  OnAttemptFailed(error_number);
}

void Dial::OnAttemptFailed(int error_number) {
  last_failure_ = StatusOf(error_number);
  next_.Start(absl::ZeroDuration());
}

void Dial::Finish(DialStatus status, UniqueFd socket) {
  if (finished_) return;
  finished_ = true;
  next_.Cancel();
  deadline_.Cancel();
  for (const auto& attempt : attempts_) attempt->event->SetInterest(0);
  callback_(status, std::move(socket));
}

}  // namespace holt::worker
