#include "worker/net/acceptor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "common/base/log.h"
#include "worker/net/transport.h"

namespace holt::worker {
namespace {

// When descriptors or kernel memory ran out; connections wait in the queue.
constexpr absl::Duration kRetryInterval = absl::Milliseconds(100);

// A connection that failed while it waited in the queue is not our failure:
// accept(2) wants the next one tried.
bool IsOfTheConnection(int error_number) {
  switch (error_number) {
    case ECONNABORTED:
    case EINTR:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case EPERM:
      return true;
    default:
      return false;
  }
}

}  // namespace

ConnectionSlot& ConnectionSlot::operator=(ConnectionSlot&& other) noexcept {
  if (this != &other) {
    Release();
    acceptor_ = std::exchange(other.acceptor_, nullptr);
    key_ = other.key_;
    shaking_ = other.shaking_;
  }
  return *this;
}

void ConnectionSlot::Established() {
  if (acceptor_ == nullptr || !shaking_) return;
  shaking_ = false;
  acceptor_->EndHandshake(key_);
}

void ConnectionSlot::Release() {
  if (acceptor_ == nullptr) return;
  std::exchange(acceptor_, nullptr)->Free(key_, shaking_);
}

Acceptor::Acceptor(Loop& loop, int listener, const AcceptorOptions& options,
                   Callback callback)
    : listener_(listener),
      options_(options),
      callback_(std::move(callback)),
      event_(loop, listener, [this](uint32_t /*ready*/) { OnReady(); }),
      retry_(loop, [this] { UpdateInterest(); }) {
  // Accepted sockets inherit it: one call instead of one per connection.
  const int on = 1;
  ::setsockopt(listener_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  UpdateInterest();
}

void Acceptor::Pause() {
  paused_ = true;
  UpdateInterest();
}

void Acceptor::UpdateInterest() {
  const bool wanted =
      !paused_ && !retry_.pending() && open_ < options_.max_connections;
  event_.SetInterest(wanted ? uint32_t{FdEvent::kRead} : 0);
}

void Acceptor::OnReady() {
  for (uint32_t i = 0; i < options_.share && event_.interest() != 0; ++i) {
    if (!AcceptOne()) return;
  }
}

bool Acceptor::AcceptOne() {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  UniqueFd socket(::accept4(listener_, reinterpret_cast<sockaddr*>(&address),
                            &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket.valid()) {
    Admit(std::move(socket), PeerAddress::From(address));
    return true;
  }
  if (IsOfTheConnection(errno)) return true;
  if (errno != EAGAIN) {
    Log(Severity::kWarning, "accept_failed").Number("errno", errno);
    retry_.Start(kRetryInterval);
    UpdateInterest();
  }
  return false;
}

void Acceptor::Admit(UniqueFd socket, const PeerAddress& peer) {
  const PeerAddress::Bytes key = peer.LimiterKey();
  PerAddress& counts = addresses_[key];
  if (counts.open >= options_.max_connections_per_address ||
      counts.shaking >= options_.max_handshakes_per_address) {
    ++refused_;
    CloseWithReset(std::move(socket));
    return;
  }
  ++counts.open;
  ++counts.shaking;
  ++open_;
  ++accepted_;
  UpdateInterest();
  callback_({std::move(socket), peer, ConnectionSlot(*this, key)});
}

void Acceptor::EndHandshake(const PeerAddress::Bytes& key) {
  --addresses_[key].shaking;
}

void Acceptor::Free(const PeerAddress::Bytes& key, bool shaking) {
  const auto found = addresses_.find(key);
  if (shaking) --found->second.shaking;
  if (--found->second.open == 0) addresses_.erase(found);
  --open_;
  UpdateInterest();
}

}  // namespace holt::worker
