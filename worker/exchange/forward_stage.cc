#include "worker/exchange/forward_stage.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "worker/http/request_writer.h"

namespace holt::worker {
namespace {

// Body bytes handed to the connection before the socket has taken them.
constexpr size_t kBodyWindow = 2 * kUpstreamHighMark;

}  // namespace

ForwardStage::~ForwardStage() { Cancel(); }

void ForwardStage::Start(uint16_t upstream, const RequestHead& head,
                         WipedBytes body, const BodyPieces& pieces) {
  upstream_ = upstream;
  head_ = &head;
  body_ = std::move(body);
  body_size_ = pieces.size();
  before_ = pieces.before;
  inserted_ = absl::MakeConstSpan(
      reinterpret_cast<const uint8_t*>(pieces.inserted.data()),
      pieces.inserted.size());
  after_ = pieces.after;
  acquiring_ = services_.upstreams.Acquire(
      upstream, [this](absl::StatusOr<std::unique_ptr<UpstreamConnection>> c) {
        OnAcquired(std::move(c));
      });
}

void ForwardStage::OnAcquired(
    absl::StatusOr<std::unique_ptr<UpstreamConnection>> connection) {
  acquiring_ = 0;
  if (!connection.ok()) {
    handler_.OnForwardFailed(connection.status());
    return;
  }
  connection_ = *std::move(connection);
  connection_->set_handler(this);
  sent_ = true;
  WriteHead();
  FeedBody();
}

void ForwardStage::WriteHead() {
  const UpstreamSettings& settings = services_.settings.upstreams[upstream_];
  const UpstreamTarget target{settings.authority, settings.path_prefix,
                              services_.credentials.Get(upstream_)};
  const bool has_body = head_->method() == Method::kPost;
  WriteUpstreamHead(connection_->connection().output(), *head_, target,
                    has_body ? std::optional<uint64_t>(body_size_)
                             : std::optional<uint64_t>(0));
}

bool ForwardStage::FeedPiece(absl::Span<const uint8_t>& piece) {
  ChunkBuffer& output = connection_->connection().output();
  while (!piece.empty() && output.size() < kBodyWindow) {
    const size_t size = std::min(piece.size(), kBodyWindow - output.size());
    if (!output.Append(piece.first(size))) return false;
    piece.remove_prefix(size);
  }
  return piece.empty();
}

void ForwardStage::FeedBody() {
  if (FeedPiece(before_) && FeedPiece(inserted_) && FeedPiece(after_)) {
    DropBody();
  }
  connection_->connection().Flush();
}

void ForwardStage::DropBody() {
  body_ = WipedBytes();
  before_ = inserted_ = after_ = {};
}

void ForwardStage::PauseResponse() {
  if (paused_ || connection_ == nullptr) return;
  paused_ = true;
  Count(services_.counters.reads_paused);
  connection_->connection().PauseReading();
}

void ForwardStage::ResumeResponse() {
  if (!paused_) return;
  paused_ = false;
  if (connection_ != nullptr) connection_->connection().ResumeReading();
}

void ForwardStage::Finish(bool reusable) {
  ResumeResponse();
  // An upstream that answered before it read the whole body is not in step.
  const bool body_sent = before_.empty() && inserted_.empty() && after_.empty();
  DropBody();
  if (connection_ != nullptr) {
    services_.upstreams.Release(std::move(connection_), reusable && body_sent);
  }
}

void ForwardStage::Cancel() {
  if (acquiring_ != 0) services_.upstreams.Cancel(acquiring_);
  acquiring_ = 0;
  Finish(/*reusable=*/false);
}

void ForwardStage::OnUpstreamInput() {
  Connection& connection = connection_->connection();
  handler_.OnResponseBytes(connection.input(), connection.input_ended()
                                                   ? ResponseEnd::kOrderly
                                                   : ResponseEnd::kNotYet);
}

void ForwardStage::OnUpstreamDrained() {
  if (!before_.empty() || !inserted_.empty() || !after_.empty()) FeedBody();
}

void ForwardStage::OnUpstreamClosed() {
  handler_.OnResponseBytes(connection_->connection().input(),
                           ResponseEnd::kBroken);
}

}  // namespace holt::worker
