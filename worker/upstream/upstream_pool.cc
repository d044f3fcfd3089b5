#include "worker/upstream/upstream_pool.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"
#include "worker/tls/client_context.h"

namespace holt::worker {
namespace {

// How often idle connections are looked at; they live up to this much longer.
constexpr absl::Duration kExpiryInterval = absl::Seconds(5);

// Waiting requests per upstream, in multiples of its connections. Beyond: 503.
constexpr size_t kWaitersPerConnection = 4;

void Count(std::atomic<uint64_t>& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

void UpstreamConnection::OnOpen() { pool_.OnOpened(*this); }

void UpstreamConnection::OnInput() {
  if (handler_ != nullptr) {
    handler_->OnUpstreamInput();
  } else {
    pool_.OnIdleEvent(*this);
  }
}

void UpstreamConnection::OnDrained() {
  if (handler_ != nullptr) handler_->OnUpstreamDrained();
}

void UpstreamConnection::OnClosed(CloseReason /*reason*/) {
  if (handler_ != nullptr) {
    handler_->OnUpstreamClosed();
  } else {
    pool_.OnIdleEvent(*this);
  }
}

UpstreamPool::UpstreamPool(Services services)
    : services_(services),
      upstreams_(services.settings.upstream_count),
      expiry_(services.loop, [this] { DropExpired(); }) {
  expiry_.Start(kExpiryInterval);
}

UpstreamPool::~UpstreamPool() {
  for (Upstream& upstream : upstreams_) {
    upstream.waiters.clear();
    upstream.idle.clear();
    upstream.shaking.clear();
  }
}

uint64_t UpstreamPool::Acquire(uint16_t index, Acquired acquired) {
  HOLT_CHECK(index < upstreams_.size());
  const uint64_t request = next_request_++;
  upstreams_[index].waiters.push_back({request, std::move(acquired)});
  ServeLater(index);
  return request;
}

void UpstreamPool::Cancel(uint64_t request) {
  for (Upstream& upstream : upstreams_) {
    upstream.waiters.remove_if(
        [request](const Waiter& waiter) { return waiter.request == request; });
  }
}

void UpstreamPool::Release(std::unique_ptr<UpstreamConnection> connection,
                           bool reusable) {
  const uint16_t index = connection->upstream_;
  connection->handler_ = nullptr;
  Connection& lower = *connection->connection_;
  const bool idle = reusable && lower.state() == ConnectionState::kOpen &&
                    lower.input().empty() && !lower.input_ended() &&
                    lower.output().empty();
  if (idle) {
    connection->idle_since_nanos_ = services_.loop.now_nanos();
    upstreams_[index].idle.push_back(std::move(connection));
  } else {
    Drop(std::move(connection));
  }
  ServeLater(index);
}

// Waiters are served from the loop, never inside Acquire or Release: a caller's
// state is whole when its callback runs.
void UpstreamPool::ServeLater(uint16_t index) {
  if (upstreams_[index].waiters.empty()) return;
  services_.loop.Defer([this, index] { Serve(index); });
}

void UpstreamPool::Serve(uint16_t index) {
  Upstream& upstream = upstreams_[index];
  while (!upstream.waiters.empty() && !upstream.idle.empty()) {
    std::unique_ptr<UpstreamConnection> connection =
        std::move(upstream.idle.back());
    upstream.idle.pop_back();
    Waiter waiter = std::move(upstream.waiters.front());
    upstream.waiters.pop_front();
    if (++connection->uses_ > 1) Count(services_.counters.upstream_reused);
    waiter.acquired(std::move(connection));
  }
  const uint32_t most = services_.settings.upstreams[index].max_connections;
  while (upstream.opening < upstream.waiters.size() && upstream.open < most) {
    Dial(index);
  }
  while (upstream.waiters.size() >
         upstream.opening + most * kWaitersPerConnection) {
    Waiter waiter = std::move(upstream.waiters.back());
    upstream.waiters.pop_back();
    waiter.acquired(absl::ResourceExhaustedError("too many requests wait"));
  }
}

void UpstreamPool::Dial(uint16_t index) {
  ++upstreams_[index].opening;
  ++upstreams_[index].open;
  Count(services_.counters.upstream_dials);
  services_.connector.Dial(index, [this, index](absl::StatusOr<UniqueFd> fd) {
    OnDialled(index, std::move(fd));
  });
}

void UpstreamPool::OnDialled(uint16_t index, absl::StatusOr<UniqueFd> socket) {
  if (!socket.ok()) {
    --upstreams_[index].open;
    OnOpeningFailed(index, socket.status());
    return;
  }
  const UpstreamSettings& settings = services_.settings.upstreams[index];
  std::unique_ptr<Transport> transport;
  if (settings.tls != 0) {
    absl::StatusOr<std::unique_ptr<Transport>> secured =
        services_.tls->MakeTransport(*std::move(socket), settings);
    if (!secured.ok()) {
      --upstreams_[index].open;
      OnOpeningFailed(index, secured.status());
      return;
    }
    transport = *std::move(secured);
  } else {
    transport = std::make_unique<PlainTransport>(*std::move(socket));
  }
  ConnectionOptions options;
  options.handshake_timeout =
      absl::Milliseconds(services_.settings.connect_timeout);
  options.write_stall_timeout =
      absl::Milliseconds(services_.settings.write_stall_timeout);
  options.high_mark = kUpstreamHighMark;
  options.low_mark = kUpstreamHighMark / 2;
  auto connection =
      std::unique_ptr<UpstreamConnection>(new UpstreamConnection(*this, index));
  connection->connection_ =
      Connection::Create(services_.loop, services_.buffers,
                         std::move(transport), *connection, options);
  Connection& lower = *connection->connection_;
  upstreams_[index].shaking.push_back(std::move(connection));
  lower.Start();
}

void UpstreamPool::OnOpened(UpstreamConnection& opened) {
  Upstream& upstream = upstreams_[opened.upstream_];
  const auto found = std::find_if(
      upstream.shaking.begin(), upstream.shaking.end(),
      [&opened](const auto& held) { return held.get() == &opened; });
  if (found == upstream.shaking.end()) return;
  --upstream.opening;
  opened.idle_since_nanos_ = services_.loop.now_nanos();
  upstream.idle.push_back(std::move(*found));
  upstream.shaking.erase(found);
  ServeLater(opened.upstream_);
}

// One failed opening fails the request that has waited longest: the others
// have openings of their own, or get the next free connection.
void UpstreamPool::OnOpeningFailed(uint16_t index, const absl::Status& status) {
  Upstream& upstream = upstreams_[index];
  --upstream.opening;
  Count(services_.counters.upstream_dials_failed);
  if (upstream.waiters.empty()) return;
  Waiter waiter = std::move(upstream.waiters.front());
  upstream.waiters.pop_front();
  waiter.acquired(status);
  ServeLater(index);
}

// An idle or opening connection closed, or spoke without being asked.
void UpstreamPool::OnIdleEvent(UpstreamConnection& connection) {
  const uint16_t index = connection.upstream_;
  Upstream& upstream = upstreams_[index];
  const auto is_it = [&connection](const auto& held) {
    return held.get() == &connection;
  };
  const auto idle =
      std::find_if(upstream.idle.begin(), upstream.idle.end(), is_it);
  if (idle != upstream.idle.end()) {
    Drop(std::move(*idle));
    upstream.idle.erase(idle);
    return;
  }
  const auto shaking =
      std::find_if(upstream.shaking.begin(), upstream.shaking.end(), is_it);
  if (shaking == upstream.shaking.end()) return;
  Drop(std::move(*shaking));
  upstream.shaking.erase(shaking);
  OnOpeningFailed(index, absl::UnavailableError("the upstream closed"));
}

void UpstreamPool::Drop(std::unique_ptr<UpstreamConnection> connection) {
  connection->handler_ = nullptr;
  connection->connection_->Close();
  --upstreams_[connection->upstream_].open;
  services_.loop.DeferDelete(std::move(connection));
}

void UpstreamPool::DropExpired() {
  const int64_t oldest =
      services_.loop.now_nanos() -
      int64_t{services_.settings.upstream_idle_timeout} * 1'000'000;
  for (Upstream& upstream : upstreams_) {
    // The least recently used stand first.
    auto keep = upstream.idle.begin();
    while (keep != upstream.idle.end() && (*keep)->idle_since_nanos_ < oldest) {
      Drop(std::move(*keep));
      ++keep;
    }
    upstream.idle.erase(upstream.idle.begin(), keep);
  }
  expiry_.Start(kExpiryInterval);
}

}  // namespace holt::worker
