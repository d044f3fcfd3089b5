// The connector: dials the configured upstreams for the workers and hands them
// the connected sockets. The only process of a node that may call connect; it
// never sees a byte of the traffic. A worker names an upstream by its index and
// nothing else; its frames are hostile.
#ifndef HOLT_WORKER_CONNECTOR_CONNECTOR_H_
#define HOLT_WORKER_CONNECTOR_CONNECTOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "common/event/loop.h"
#include "common/ipc/frame_channel.h"
#include "common/ipc/settings.h"
#include "worker/connector/dial.h"
#include "worker/connector/resolver.h"

namespace holt::worker {

class Connector {
 public:
  // The loop outlives the connector.
  static absl::StatusOr<std::unique_ptr<Connector>> Create(
      Loop& loop, const ConnectorSettings& settings);

  // The channel of worker `index`; replaces an earlier one, whose dials are
  // dropped.
  void SetWorkerChannel(uint16_t index, UniqueFd socket);

  [[nodiscard]] size_t dials_under_way() const { return dials_.size(); }

 private:
  // One worker's channel. Its number tells a late dial that it was replaced.
  struct Channel {
    uint64_t number = 0;
    FrameChannel frames;
    std::unique_ptr<FdEvent> event;
  };
  // Where an answer goes.
  struct Asker {
    uint16_t worker = 0;
    uint64_t channel = 0;
    uint64_t id = 0;
  };
  // What is known of an upstream's addresses.
  struct Upstream {
    Resolver::Addresses addresses;
    int64_t resolved_nanos = 0;
    bool resolving = false;
    std::vector<Asker> waiting;
  };

  Connector(Loop& loop, const ConnectorSettings& settings);
  void OnChannelReady(uint16_t worker);
  bool OnFrame(uint16_t worker, const ReceivedFrame& frame);
  void Ask(uint16_t upstream, const Asker& asker);
  void Resolve(uint16_t upstream);
  void OnResolved(uint16_t upstream,
                  absl::StatusOr<Resolver::Addresses> addresses);
  void StartDial(uint16_t upstream, const Asker& asker);
  void Answer(const Asker& asker, DialStatus status, const UniqueFd& socket);
  void Drop(uint16_t worker);

  Loop& loop_;
  const ConnectorSettings settings_;
  std::unique_ptr<Resolver> resolver_;
  absl::flat_hash_map<uint16_t, Channel> channels_;
  std::vector<Upstream> upstreams_;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Dial>> dials_;
  uint64_t next_number_ = 1;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_CONNECTOR_CONNECTOR_H_
