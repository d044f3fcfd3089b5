#include "admin-service/rpc/courier_service.h"

#include <algorithm>
#include <optional>

#include "admin-service/rpc/conversions.h"
#include "admin-service/rpc/usage_decoding.h"
#include "common/base/log.h"

namespace holt::admin {
namespace {

using internal::v1::KeyTableChange;

// The courier asks anew after ten seconds of silence.
constexpr absl::Duration kHeartbeatInterval = absl::Seconds(1);
constexpr int kMaxReported = 128;

internal::v1::KeyState StateOf(KeyState state) {
  switch (state) {
    case KeyState::kActive:
      return internal::v1::KEY_STATE_ACTIVE;
    case KeyState::kDisabled:
      return internal::v1::KEY_STATE_DISABLED;
    case KeyState::kRevoked:
      return internal::v1::KEY_STATE_REVOKED;
  }
  return internal::v1::KEY_STATE_REVOKED;
}

// Milliseconds, rounded down: a key may end a moment early, never late.
int64_t ExpiryOf(const KeyRecord& key) {
  if (key.expire_time == absl::InfiniteFuture()) return 0;
  return std::max<int64_t>(1, absl::ToUnixMillis(key.expire_time));
}

void FillKey(const KeyRecord& key, internal::v1::Key& to) {
  to.set_digest(std::string(AsText(key.digest)));
  to.set_number(key.number);
  to.set_key_id(key.key_id);
  to.set_label(key.display_name);
  to.set_state(StateOf(key.state));
  to.set_create_unix_ms(absl::ToUnixMillis(key.create_time));
  to.set_expire_unix_ms(ExpiryOf(key));
  to.set_requests_per_window(key.requests_per_window);
}

// Sends the steps of one stream; after the first that fails, none.
class StreamWriter {
 public:
  explicit StreamWriter(grpc::ServerWriter<KeyTableChange>& writer)
      : writer_(writer) {}

  bool Snapshot(const KeyUpdate& snapshot,
                const internal::v1::Settings& settings) {
    epoch_ = snapshot.epoch;
    KeyTableChange begin;
    begin.mutable_snapshot_begin();
    KeyTableChange setting;
    *setting.mutable_settings() = settings;
    KeyTableChange end;
    end.mutable_snapshot_end();
    return Send(begin) && Send(setting) && Put(snapshot) && Send(end);
  }

  bool Update(const KeyUpdate& update) {
    epoch_ = update.epoch;
    if (!Put(update)) return false;
    return std::all_of(update.removed.begin(), update.removed.end(),
                       [this](const Sha256Digest& digest) {
                         KeyTableChange step;
                         step.set_remove(std::string(AsText(digest)));
                         return Send(step);
                       });
  }

  bool Heartbeat() {
    KeyTableChange step;
    step.mutable_heartbeat();
    return Send(step);
  }

 private:
  bool Put(const KeyUpdate& update) {
    return std::all_of(update.put.begin(), update.put.end(),
                       [this](const KeyRecord& key) {
                         KeyTableChange step;
                         FillKey(key, *step.mutable_put());
                         return Send(step);
                       });
  }

  bool Send(KeyTableChange& step) {
    step.set_epoch(epoch_);
    return writer_.Write(step);
  }

  grpc::ServerWriter<KeyTableChange>& writer_;
  uint64_t epoch_ = 0;
};

}  // namespace

void CourierService::Close() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
  if (watch_ != nullptr) watch_->Close();
}

std::shared_ptr<KeyWatch> CourierService::ReplaceWatch() {
  absl::StatusOr<std::shared_ptr<KeyWatch>> watch = parts_.registry.Watch();
  if (!watch.ok()) {
    Log(Severity::kError, "key_snapshot_failed").Code("status", watch.status());
    return nullptr;
  }
  absl::MutexLock lock(&mutex_);
  if (closed_) return nullptr;
  if (watch_ != nullptr) watch_->Close();
  watch_ = *watch;
  parts_.view.SetConnected(true);
  return *watch;
}

void CourierService::EndWatch(const std::shared_ptr<KeyWatch>& watch) {
  watch->Close();
  absl::MutexLock lock(&mutex_);
  if (watch_ != watch) return;
  watch_ = nullptr;
  parts_.view.SetConnected(false);
}

grpc::Status CourierService::WatchKeys(
    grpc::ServerContext* context, const internal::v1::WatchKeysRequest* request,
    grpc::ServerWriter<KeyTableChange>* writer) {
  const std::shared_ptr<KeyWatch> watch = ReplaceWatch();
  if (watch == nullptr) {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "no keys to watch now");
  }
  Log(Severity::kInfo, "key_watch_started")
      .Number("known_epoch", request->known_epoch())
      .Number("epoch", watch->snapshot().epoch)
      .Number("keys", watch->snapshot().put.size());
  StreamWriter stream(*writer);
  bool alive = stream.Snapshot(watch->snapshot(), settings_);
  while (alive && !watch->closed() && !context->IsCancelled()) {
    const std::optional<KeyUpdate> update = watch->Next(kHeartbeatInterval);
    alive = update.has_value() ? stream.Update(*update) : stream.Heartbeat();
  }
  EndWatch(watch);
  return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the key watch ended");
}

grpc::Status CourierService::GetKeyEpoch(
    grpc::ServerContext*, const internal::v1::GetKeyEpochRequest*,
    internal::v1::GetKeyEpochResponse* response) {
  response->set_epoch(parts_.registry.epoch());
  return grpc::Status::OK;
}

grpc::Status CourierService::ReportUsage(
    grpc::ServerContext*, const internal::v1::ReportUsageRequest* request,
    internal::v1::ReportUsageResponse* response) {
  absl::StatusOr<std::vector<JournalBatch>> batches =
      DecodeUsageReport(*request);
  if (!batches.ok()) return ToGrpc(batches.status());
  const absl::StatusOr<std::vector<JournalResult>> results =
      parts_.ledger.Settle(*std::move(batches));
  if (!results.ok()) return ToGrpc(results.status());
  for (size_t i = 0; i < results->size(); ++i) {
    const JournalResult& result = (*results)[i];
    internal::v1::JournalSettled& settled = *response->add_journals();
    settled.set_journal_id(request->journals(static_cast<int>(i)).journal_id());
    settled.set_settled_below(result.settled_below);
    settled.set_conflicts(static_cast<uint32_t>(result.conflicts));
    settled.set_refused(static_cast<uint32_t>(result.refused));
  }
  return grpc::Status::OK;
}

grpc::Status CourierService::ReportNode(
    grpc::ServerContext*, const internal::v1::ReportNodeRequest* request,
    internal::v1::ReportNodeResponse*) {
  if (request->children_size() > kMaxReported ||
      request->journals_size() > kMaxReported) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                        "node report: a bound is broken");
  }
  parts_.view.Update(*request, parts_.clock.Now());
  return grpc::Status::OK;
}

}  // namespace holt::admin
