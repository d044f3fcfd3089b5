// The stage that carries one request to its upstream: acquires a connection,
// writes the head, feeds the body as fast as the upstream takes it, and hands
// what comes back to the exchange. Worker.
//
// Owns the request's body: it is wiped as soon as its last byte was handed to
// the connection.
#ifndef HOLT_WORKER_EXCHANGE_FORWARD_STAGE_H_
#define HOLT_WORKER_EXCHANGE_FORWARD_STAGE_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "common/base/wiped.h"
#include "worker/exchange/services.h"
#include "worker/http/head.h"
#include "worker/http/json_body.h"
#include "worker/upstream/upstream_pool.h"

namespace holt::worker {

// Whether more of a response can come.
enum class ResponseEnd {
  kNotYet,
  kOrderly,  // the upstream closed its side properly
  kBroken,   // reset, a torn TLS stream, or given up by us: never a whole
};

// The exchange, seen from its forward stage.
class ForwardHandler {
 public:
  virtual ~ForwardHandler() = default;
  // No connection was had: nothing was sent.
  virtual void OnForwardFailed(const absl::Status& status) = 0;
  // The response's bytes are in `input`.
  virtual void OnResponseBytes(ChunkBuffer& input, ResponseEnd end) = 0;
};

class ForwardStage final : public UpstreamHandler {
 public:
  ForwardStage(Services& services, ForwardHandler& handler)
      : services_(services), handler_(handler) {}
  ~ForwardStage() override;
  ForwardStage(const ForwardStage&) = delete;
  ForwardStage& operator=(const ForwardStage&) = delete;

  // Keeps `body` (which `pieces` are views of) until it is sent. `head` must
  // live until the response has begun.
  void Start(uint16_t upstream, const RequestHead& head, WipedBytes body,
             const BodyPieces& pieces);

  // A byte may have reached the upstream.
  [[nodiscard]] bool sent() const { return sent_; }
  [[nodiscard]] bool has_connection() const { return connection_ != nullptr; }

  // Back-pressure from the client's side.
  void PauseResponse();
  void ResumeResponse();
  [[nodiscard]] bool paused() const { return paused_; }

  // The response is complete: the connection goes back to the pool.
  void Finish(bool reusable);
  // Breaks off: the upstream sees its connection closed at once.
  void Cancel();

  void OnUpstreamInput() override;
  void OnUpstreamDrained() override;
  void OnUpstreamClosed() override;

 private:
  void OnAcquired(
      absl::StatusOr<std::unique_ptr<UpstreamConnection>> connection);
  void WriteHead();
  void FeedBody();
  bool FeedPiece(absl::Span<const uint8_t>& piece);
  void DropBody();

  Services& services_;
  ForwardHandler& handler_;
  const RequestHead* head_ = nullptr;
  uint16_t upstream_ = 0;
  uint64_t acquiring_ = 0;  // the pool's number of our request, 0: none
  std::unique_ptr<UpstreamConnection> connection_;
  WipedBytes body_;
  uint64_t body_size_ = 0;
  // What is left to write, in order.
  absl::Span<const uint8_t> before_;
  absl::Span<const uint8_t> inserted_;
  absl::Span<const uint8_t> after_;
  bool sent_ = false;
  bool paused_ = false;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_EXCHANGE_FORWARD_STAGE_H_
