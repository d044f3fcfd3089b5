#include "worker/connector/resolver.h"

#include <ares.h>
#include <netdb.h>
#include <sys/time.h>

#include <utility>

#include "common/base/check.h"

namespace holt::worker {
namespace {

// Asked again after 2 s, then another server; the dial has its own, shorter
// time.
constexpr int kTimeoutMillis = 2'000;
constexpr int kTries = 2;

// More addresses than anybody tries in the time of a dial.
constexpr size_t kMaxAddresses = 16;

struct AddressesFree {
  void operator()(ares_addrinfo* result) const { ares_freeaddrinfo(result); }
};

absl::StatusOr<Resolver::Addresses> Dialable(Resolver::Addresses addresses) {
  if (addresses.empty()) {
    return absl::NotFoundError("the name has no address that may be dialled");
  }
  return addresses;
}

Resolver::Addresses AddressesOf(const ares_addrinfo* result, uint16_t port) {
  Resolver::Addresses addresses;
  const ares_addrinfo_node* node = result == nullptr ? nullptr : result->nodes;
  for (; node != nullptr && addresses.size() < kMaxAddresses;
       node = node->ai_next) {
    const auto address = CopyAddress(node->ai_addr, node->ai_addrlen, port);
    if (address.has_value() && MayBeDialled(*address)) {
      addresses.push_back(*address);
    }
  }
  return addresses;
}

}  // namespace

struct Resolver::Question {
  uint16_t port;
  Callback callback;
};

Resolver::Resolver(Loop& loop)
    : loop_(loop), timer_(loop, [this] { Process(ARES_SOCKET_BAD, 0); }) {}

absl::StatusOr<std::unique_ptr<Resolver>> Resolver::Create(Loop& loop) {
  auto resolver = std::unique_ptr<Resolver>(new Resolver(loop));
  ares_options options{};
  options.timeout = kTimeoutMillis;
  options.tries = kTries;
  options.sock_state_cb = &Resolver::OnSocketState;
  options.sock_state_cb_data = resolver.get();
  const int result = ares_init_options(
      &resolver->channel_, &options,
      ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
  if (result != ARES_SUCCESS) {
    return absl::InternalError("cannot set up the resolver");
  }
  return resolver;
}

Resolver::~Resolver() {
  if (channel_ != nullptr) ares_destroy(channel_);
}

void Resolver::Resolve(const std::string& host, uint16_t port,
                       Callback callback) {
  if (const auto literal = ParseLiteral(host, port)) {
    Addresses addresses;
    if (MayBeDialled(*literal)) addresses.push_back(*literal);
    callback(Dialable(std::move(addresses)));
    return;
  }
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  auto question =
      std::make_unique<Question>(Question{port, std::move(callback)});
  // c-ares calls OnAnswer exactly once, also when it is destroyed.
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, &Resolver::OnAnswer,
                   question.release());
  RestartTimer();
}

void Resolver::OnAnswer(void* opaque, int status, int /*timeouts*/,
                        ares_addrinfo* result) {
  const std::unique_ptr<ares_addrinfo, AddressesFree> owned(result);
  const std::unique_ptr<Question> question(static_cast<Question*>(opaque));
  if (status == ARES_EDESTRUCTION) return;
  question->callback(Dialable(AddressesOf(result, question->port)));
}

void Resolver::OnSocketState(void* self, int fd, int readable, int writable) {
  auto* resolver = static_cast<Resolver*>(self);
  const auto found = resolver->sockets_.find(fd);
  if (readable == 0 && writable == 0) {
    if (found == resolver->sockets_.end()) return;
    // We may be inside this event's callback: it is unregistered now and
    // destroyed later.
    found->second->SetInterest(0);
    resolver->closed_.push_back(std::move(found->second));
    resolver->sockets_.erase(found);
    return;
  }
  auto& event = resolver->sockets_[fd];
  if (event == nullptr) {
    event = std::make_unique<FdEvent>(
        resolver->loop_, fd,
        [resolver, fd](uint32_t ready) { resolver->Process(fd, ready); });
  }
  event->SetInterest((readable != 0 ? FdEvent::kRead : 0u) |
                     (writable != 0 ? FdEvent::kWrite : 0u));
}

void Resolver::Process(int fd, uint32_t ready) {
  ares_process_fd(channel_,
                  (ready & FdEvent::kRead) != 0 ? fd : ARES_SOCKET_BAD,
                  (ready & FdEvent::kWrite) != 0 ? fd : ARES_SOCKET_BAD);
  RestartTimer();
  if (!closed_.empty()) {
    loop_.Defer([this] { closed_.clear(); });
  }
}

void Resolver::RestartTimer() {
  timeval wait{};
  if (ares_timeout(channel_, nullptr, &wait) == nullptr) {
    timer_.Cancel();
    return;
  }
  timer_.Start(absl::DurationFromTimeval(wait));
}

}  // namespace holt::worker
