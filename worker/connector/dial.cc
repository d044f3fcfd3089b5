#include "worker/connector/dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace holt::worker {
namespace {

// An upstream that vanished without a word is noticed after two minutes.
constexpr int kKeepAliveIdle = 60;
constexpr int kKeepAliveInterval = 15;
constexpr int kKeepAliveProbes = 4;

void Set(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof(value));
}

void Tune(int fd) {
  Set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  Set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  Set(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdle);
  Set(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveInterval);
  Set(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
}

DialStatus StatusOf(int error_number) {
  switch (error_number) {
    case ECONNREFUSED:
      return DialStatus::kRefused;
    case ETIMEDOUT:
      return DialStatus::kTimedOut;
    default:
      return DialStatus::kUnreachable;
  }
}

int ErrorOf(int fd) {
  int error_number = 0;
  socklen_t size = sizeof(error_number);
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error_number, &size) != 0) {
    return errno;
  }
  return error_number;
}

}  // namespace

struct Dial::Attempt : Deletable {
  Attempt(Dial& dial, UniqueFd socket_to_own)
      : socket(std::move(socket_to_own)),
        event(dial.loop_, socket.get(),
              [this, &dial](uint32_t /*ready*/) { dial.OnAnswered(*this); }) {
    event.SetInterest(FdEvent::kWrite);
  }
  UniqueFd socket;
  FdEvent event;
};

Dial::Dial(Loop& loop, absl::Duration timeout, Callback callback)
    : loop_(loop),
      timeout_(timeout),
      callback_(std::move(callback)),
      deadline_(loop,
                [this] {
                  const bool silent = !attempts_.empty() || addresses_.empty();
                  Finish(silent ? DialStatus::kTimedOut : failure_, UniqueFd());
                }),
      next_(loop, [this] { TryNext(); }) {
  deadline_.Start(timeout_);
}

Dial::~Dial() = default;

void Dial::Start(std::vector<SocketAddress> addresses) {
  addresses_ = std::move(addresses);
  next_.Start(absl::ZeroDuration());
}

void Dial::TryNext() {
  while (tried_ < addresses_.size()) {
    if (Try(addresses_[tried_++])) {
      if (tried_ < addresses_.size()) next_.Start(kStagger);
      return;
    }
  }
  GiveUpIfNoneLeft();
}

bool Dial::Try(const SocketAddress& address) {
  UniqueFd socket(::socket(address.family(),
                           SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) {
    failure_ = StatusOf(errno);
    return false;
  }
  Tune(socket.get());
  if (::connect(socket.get(), address.get(), address.size()) != 0 &&
      errno != EINPROGRESS) {
    failure_ = StatusOf(errno);
    return false;
  }
  attempts_.push_back(std::make_unique<Attempt>(*this, std::move(socket)));
  return true;
}

void Dial::OnAnswered(Attempt& attempt) {
  // Two may answer in one turn.
  if (finished_) return;
  const int error_number = ErrorOf(attempt.socket.get());
  attempt.event.SetInterest(0);
  if (error_number == 0) {
    return Finish(DialStatus::kOk, std::move(attempt.socket));
  }
  failure_ = StatusOf(error_number);
  Drop(attempt);
  TryNext();
}

void Dial::Drop(Attempt& attempt) {
  attempt.socket.reset();
  const auto found =
      std::find_if(attempts_.begin(), attempts_.end(),
                   [&attempt](const auto& a) { return a.get() == &attempt; });
  loop_.DeferDelete(std::move(*found));
  attempts_.erase(found);
}

void Dial::GiveUpIfNoneLeft() {
  if (attempts_.empty() && tried_ == addresses_.size()) {
    Finish(failure_, UniqueFd());
  }
}

void Dial::Finish(DialStatus status, UniqueFd socket) {
  if (finished_) return;
  finished_ = true;
  deadline_.Cancel();
  next_.Cancel();
  callback_(status, std::move(socket));
}

}  // namespace holt::worker
