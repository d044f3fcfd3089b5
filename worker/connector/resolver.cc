#include "worker/connector/resolver.h"

#include <ares.h>

#include <cstring>
#include <utility>

#include "common/base/log.h"
#include "common/base/status_macros.h"

namespace holt::worker {
namespace {

// One try of one server, and how often all are tried. A dial waits at most for
// its own timeout; what arrives later still serves the next one.
constexpr int kTryMillis = 1500;
constexpr int kTries = 3;

// Longest wait of the timer when c-ares has nothing sooner.
constexpr absl::Duration kLongestWait = absl::Seconds(5);

struct ResultDeleter {
  void operator()(ares_addrinfo* result) const { ares_freeaddrinfo(result); }
};
using ResultPtr = std::unique_ptr<ares_addrinfo, ResultDeleter>;

std::optional<SocketAddress> AddressOf(const ares_addrinfo_node& node) {
  if (node.ai_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, node.ai_addr, sizeof(v4));
    return SocketAddress::From(v4.sin_addr, 0);
  }
  if (node.ai_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, node.ai_addr, sizeof(v6));
    return SocketAddress::From(v6.sin6_addr, 0);
  }
  return std::nullopt;
}

// `localhost` is a name that only the operator can have meant.
bool MayUse(const std::string& host, const SocketAddress& address) {
  return !address.IsMetadataService() &&
         (host == "localhost" || !address.IsLocal());
}

std::vector<SocketAddress> WithPort(const std::vector<SocketAddress>& addresses,
                                    uint16_t port) {
  std::vector<SocketAddress> with_port = addresses;
  for (SocketAddress& address : with_port) address.set_port(port);
  return with_port;
}

}  // namespace

// A socket of c-ares on the loop.
struct Resolver::Socket : Deletable {
  Socket(Resolver& resolver, int fd)
      : event(resolver.loop_, fd, [&resolver, fd](uint32_t ready) {
          resolver.OnSocketReady(fd, ready);
        }) {}
  FdEvent event;
};

// What c-ares hands back with an answer.
struct Resolver::Question {
  Resolver* resolver;
  std::string host;
};

absl::StatusOr<std::unique_ptr<Resolver>> Resolver::Create(
    Loop& loop, absl::Duration interval) {
  std::unique_ptr<Resolver> resolver(new Resolver(loop, interval));
  RETURN_IF_ERROR(resolver->Open());
  return resolver;
}

Resolver::Resolver(Loop& loop, absl::Duration interval)
    : loop_(loop), interval_(interval), timer_(loop, [this] {
        ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        RestartTimer();
      }) {}

absl::Status Resolver::Open() {
  ares_options options{};
  options.timeout = kTryMillis;
  options.tries = kTries;
  options.sock_state_cb = OnSocketState;
  options.sock_state_cb_data = this;
  constexpr int kGiven =
      ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
  if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
      ares_init_options(&channel_, &options, kGiven) != ARES_SUCCESS) {
    return absl::InternalError("the resolver cannot be made");
  }
  return absl::OkStatus();
}

Resolver::~Resolver() {
  names_.clear();
  if (channel_ != nullptr) ares_destroy(channel_);
  ares_library_cleanup();
}

void Resolver::Resolve(const std::string& host, uint16_t port,
                       Callback callback) {
  if (const auto literal = SocketAddress::Parse(host, port)) {
    std::vector<SocketAddress> addresses;
    if (!literal->IsMetadataService()) addresses.push_back(*literal);
    return callback(std::move(addresses));
  }
  Name& name = names_[host];
  if (loop_.now_nanos() < name.fresh_until_nanos) {
    return callback(WithPort(name.addresses, port));
  }
  name.waiters.push_back({port, std::move(callback)});
  if (name.waiters.size() == 1) Ask(host);
}

void Resolver::Ask(const std::string& host) {
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, OnAnswer,
                   new Question{this, host});
  RestartTimer();
}

void Resolver::OnAnswer(void* argument, int status, int /*timeouts*/,
                        ares_addrinfo* raw_result) {
  const std::unique_ptr<Question> question(static_cast<Question*>(argument));
  const ResultPtr result(raw_result);
  if (status == ARES_EDESTRUCTION) return;
  Resolver& self = *question->resolver;
  if (status == ARES_SUCCESS) {
    self.Keep(question->host, result.get());
  } else {
    Log(Severity::kWarning, "name_not_resolved")
        .Text("host", OperatorText(question->host))
        .Number("ares_status", status);
  }
  self.Answer(self.names_[question->host]);
}

void Resolver::Keep(const std::string& host, const ares_addrinfo* result) {
  Name& name = names_[host];
  name.addresses.clear();
  for (const ares_addrinfo_node* node = result->nodes; node != nullptr;
       node = node->ai_next) {
    const std::optional<SocketAddress> address = AddressOf(*node);
    if (!address.has_value()) continue;
    if (MayUse(host, *address)) {
      name.addresses.push_back(*address);
    } else {
      Log(Severity::kWarning, "address_refused")
          .Text("host", OperatorText(host));
    }
  }
  name.fresh_until_nanos =
      loop_.now_nanos() + absl::ToInt64Nanoseconds(interval_);
}

void Resolver::Answer(Name& name) {
  std::vector<Waiter> waiters;
  waiters.swap(name.waiters);
  for (Waiter& waiter : waiters) {
    waiter.callback(WithPort(name.addresses, waiter.port));
  }
}

void Resolver::OnSocketState(void* self, int fd, int readable, int writable) {
  uint32_t interest = 0;
  if (readable != 0) interest |= FdEvent::kRead;
  if (writable != 0) interest |= FdEvent::kWrite;
  static_cast<Resolver*>(self)->WatchSocket(fd, interest);
}

void Resolver::WatchSocket(int fd, uint32_t interest) {
  const auto found = sockets_.find(fd);
  if (interest == 0) {
    if (found == sockets_.end()) return;
    // c-ares closes it now; its callback may be the one that is running.
    found->second->event.SetInterest(0);
    loop_.DeferDelete(std::move(found->second));
    sockets_.erase(found);
    return;
  }
  if (found == sockets_.end()) {
    auto made = std::make_unique<Socket>(*this, fd);
    made->event.SetInterest(interest);
    sockets_.emplace(fd, std::move(made));
  } else {
    found->second->event.SetInterest(interest);
  }
}

void Resolver::OnSocketReady(int fd, uint32_t ready) {
  ares_process_fd(channel_,
                  (ready & FdEvent::kRead) != 0 ? fd : ARES_SOCKET_BAD,
                  (ready & FdEvent::kWrite) != 0 ? fd : ARES_SOCKET_BAD);
  RestartTimer();
}

void Resolver::RestartTimer() {
  timeval longest = absl::ToTimeval(kLongestWait);
  timeval wait{};
  if (ares_timeout(channel_, nullptr, &wait) == nullptr) {
    timer_.Cancel();
  } else {
    ares_timeout(channel_, &longest, &wait);
    timer_.Start(absl::DurationFromTimeval(wait));
  }
}

}  // namespace holt::worker
