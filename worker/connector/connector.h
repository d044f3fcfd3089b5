// The connector's service: takes dial requests of workers over their frame
// channels, dials the configured upstream they name by its index, and hands the
// connected socket over. Workers are hostile: a broken frame ends a channel,
// dials are bounded per channel, and no request can name an address.
#ifndef HOLT_WORKER_CONNECTOR_CONNECTOR_H_
#define HOLT_WORKER_CONNECTOR_CONNECTOR_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"
#include "common/event/loop.h"
#include "common/ipc/frame_channel.h"
#include "common/ipc/settings.h"
#include "worker/connector/dial.h"
#include "worker/connector/resolver.h"

namespace holt::worker {

class Connector {
 public:
  // The loop outlives it.
  static absl::StatusOr<std::unique_ptr<Connector>> Create(
      Loop& loop, const ConnectorSettings& settings);

  // The channel of worker `index`, which the supervisor introduced. Replaces
  // an earlier one, whose dials end.
  void SetChannel(uint16_t index, UniqueFd channel);

  [[nodiscard]] size_t channels() const { return channels_.size(); }
  // Runs when the last channel is gone.
  void set_on_empty(std::function<void()> on_empty) {
    on_empty_ = std::move(on_empty);
  }

 private:
  struct Channel : Deletable {
    Channel(Connector& connector, uint16_t index, UniqueFd socket);
    FrameChannel frames;
    FdEvent event;
    // By our own number; ids are the worker's and may repeat.
    std::map<uint64_t, std::unique_ptr<Dial>> dials;
  };

  Connector(Loop& loop, const ConnectorSettings& settings,
            std::unique_ptr<Resolver> resolver);
  void OnReady(uint16_t index);
  // False when the frame breaks the protocol.
  bool OnFrame(Channel& channel, uint16_t index, const ReceivedFrame& frame);
  void StartDial(Channel& channel, uint16_t index, uint64_t id,
                 const UpstreamSettings& upstream);
  void OnDialled(uint16_t index, uint64_t number, uint64_t id,
                 DialStatus status, UniqueFd socket);
  void DropChannel(uint16_t index);

  Loop& loop_;
  const ConnectorSettings settings_;
  std::unique_ptr<Resolver> resolver_;
  std::map<uint16_t, std::unique_ptr<Channel>> channels_;
  uint64_t next_number_ = 1;
  std::function<void()> on_empty_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_CONNECTOR_CONNECTOR_H_
