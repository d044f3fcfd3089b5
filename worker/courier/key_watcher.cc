#include "worker/courier/key_watcher.h"

#include <algorithm>
#include <utility>

#include "common/base/log.h"

namespace holt::worker {
namespace {

using internal::v1::GetKeyEpochResponse;
using internal::v1::KeyTableChange;

constexpr absl::Duration kSilence = absl::Seconds(10);
constexpr absl::Duration kFirstBackOff = absl::Milliseconds(50);
constexpr absl::Duration kLongestBackOff = absl::Seconds(2);

}  // namespace

KeyWatcher::KeyWatcher(Loop& loop, KeySync& sync, absl::Duration poll_interval,
                       std::function<void()> on_change)
    : sync_(sync),
      poll_interval_(poll_interval),
      on_change_(std::move(on_change)),
      back_off_(kFirstBackOff),
      start_timer_(loop, [this] { Start(); }),
      silence_timer_(loop, [this] { StartLater(); }),
      poll_timer_(loop, [this] { Poll(); }) {
  poll_timer_.Start(poll_interval_);
}

void KeyWatcher::SetClient(AdminClient* client) {
  client_ = client;
  asking_ = false;
  back_off_ = kFirstBackOff;
  start_timer_.Cancel();
  silence_timer_.Cancel();
  if (client_ != nullptr) Start();
}

void KeyWatcher::Start() {
  if (client_ == nullptr) return;
  // Of the stream before.
  announced_epoch_ = 0;
  sync_.BeginStream();
  client_->Watch(sync_.epoch(), *this);
  silence_timer_.Start(kSilence);
}

void KeyWatcher::StartLater() {
  silence_timer_.Cancel();
  if (client_ != nullptr) client_->CancelWatch();
  start_timer_.Start(back_off_);
  back_off_ = std::min(kLongestBackOff, back_off_ * 2);
}

void KeyWatcher::OnChange(const KeyTableChange& change) {
  const absl::Status applied = sync_.Apply(change);
  if (!applied.ok()) {
    // FAILED_PRECONDITION: an older epoch, so the ledger was set back.
    Log(Severity::kError, "key_stream_refused")
        .Code("cause", applied)
        .Number("table_epoch", sync_.epoch())
        .Number("stream_epoch", change.epoch());
    StartLater();
    return;
  }
  silence_timer_.Start(kSilence);
  progressed_ = progressed_ || !change.has_heartbeat();
  if (change.has_snapshot_end()) back_off_ = kFirstBackOff;
  if (sync_.has_table() && !change.has_heartbeat()) on_change_();
}

void KeyWatcher::OnWatchEnd() {
  Log(Severity::kInfo, "key_stream_ended").Number("epoch", sync_.epoch());
  StartLater();
}

void KeyWatcher::Poll() {
  poll_timer_.Start(poll_interval_);
  if (client_ == nullptr || asking_) return;
  asking_ = true;
  client_->GetKeyEpoch(
      [this](const grpc::Status& status, const GetKeyEpochResponse& response) {
        asking_ = false;
        if (status.ok()) OnEpoch(response.epoch());
      });
}

void KeyWatcher::OnEpoch(uint64_t epoch) {
  // A long snapshot is no lag as long as it comes.
  const bool lags = announced_epoch_ > sync_.epoch() && !progressed_;
  announced_epoch_ = epoch;
  progressed_ = false;
  // A stream that is about to start has a snapshot to bring.
  if (!lags || start_timer_.pending()) return;
  Log(Severity::kWarning, "key_stream_lags")
      .Number("table_epoch", sync_.epoch())
      .Number("epoch", epoch);
  StartLater();
}

}  // namespace holt::worker
