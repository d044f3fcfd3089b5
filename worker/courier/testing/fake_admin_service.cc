#include "worker/courier/testing/fake_admin_service.h"

#include <fcntl.h>
#include <grpcpp/server_posix.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>

namespace holt::worker {

using internal::v1::KeyTableChange;

bool FakeLedger::Commit(const std::string& journal,
                        const internal::v1::UsageRecord& record) {
  absl::MutexLock lock(&mutex_);
  const bool fresh =
      records_.insert({{journal, record.sequence()}, record}).second;
  if (!fresh) ++repeated_;
  return fresh;
}

size_t FakeLedger::size() const {
  absl::MutexLock lock(&mutex_);
  return records_.size();
}

uint64_t FakeLedger::prompt_tokens() const {
  absl::MutexLock lock(&mutex_);
  uint64_t sum = 0;
  for (const auto& [name, record] : records_) {
    sum += record.usage().prompt_tokens();
  }
  return sum;
}

int FakeLedger::repeated() const {
  absl::MutexLock lock(&mutex_);
  return repeated_;
}

int FakeLedger::count(internal::v1::RecordState state) const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(std::count_if(
      records_.begin(), records_.end(),
      [state](const auto& r) { return r.second.state() == state; }));
}

FakeAdminService::FakeAdminService(FakeLedger& ledger) : ledger_(ledger) {
  grpc::ServerBuilder builder;
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

FakeAdminService::~FakeAdminService() {
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  server_->Shutdown(gpr_inf_past(GPR_CLOCK_REALTIME));
  server_->Wait();
}

UniqueFd FakeAdminService::Connect() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                   ends) != 0) {
    return UniqueFd();
  }
  grpc::AddInsecureChannelFromFd(server_.get(), ends[1]);
  return UniqueFd(ends[0]);
}

void FakeAdminService::Send(KeyTableChange step) {
  absl::MutexLock lock(&mutex_);
  epoch_ = std::max(epoch_, step.epoch());
  steps_.push_back(std::move(step));
}

void FakeAdminService::SendSnapshot(
    uint64_t epoch, const std::vector<internal::v1::Key>& keys) {
  KeyTableChange step;
  step.set_epoch(epoch);
  step.mutable_snapshot_begin();
  Send(step);
  internal::v1::Settings& settings = *step.mutable_settings();
  settings.set_global_requests(100);
  settings.set_global_window_ms(60'000);
  settings.set_address_window_ms(60'000);
  settings.set_max_staleness_ms(300'000);
  Send(step);
  for (const internal::v1::Key& key : keys) {
    *step.mutable_put() = key;
    Send(step);
  }
  step.mutable_snapshot_end();
  Send(step);
}

void FakeAdminService::EndStream() {
  absl::MutexLock lock(&mutex_);
  end_stream_ = true;
}

void FakeAdminService::SetEpoch(uint64_t epoch) {
  absl::MutexLock lock(&mutex_);
  epoch_ = epoch;
}

void FakeAdminService::FailReports(grpc::StatusCode code, int times,
                                   bool after_commit) {
  absl::MutexLock lock(&mutex_);
  failure_ = code;
  failures_left_ = times;
  fail_after_commit_ = after_commit;
}

int FakeAdminService::streams() const {
  absl::MutexLock lock(&mutex_);
  return streams_;
}

internal::v1::ReportNodeRequest FakeAdminService::last_node_report() const {
  absl::MutexLock lock(&mutex_);
  return node_;
}

int FakeAdminService::largest_batch() const {
  absl::MutexLock lock(&mutex_);
  return largest_batch_;
}

grpc::Status FakeAdminService::WatchKeys(
    grpc::ServerContext* context, const internal::v1::WatchKeysRequest*,
    grpc::ServerWriter<KeyTableChange>* writer) {
  absl::ReleasableMutexLock lock(&mutex_);
  const int stream = ++streams_;
  lock.Release();
  while (!context->IsCancelled()) {
    std::optional<KeyTableChange> step;
    {
      absl::MutexLock wait(&mutex_);
      const auto wakes = [this,
                          stream]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return !steps_.empty() || end_stream_ || closed_ || stream != streams_;
      };
      mutex_.AwaitWithTimeout(absl::Condition(&wakes), absl::Milliseconds(20));
      if (end_stream_ || closed_ || stream != streams_) {
        end_stream_ = false;
        break;
      }
      if (steps_.empty()) continue;
      step = steps_.front();
      steps_.pop_front();
    }
    if (!writer->Write(*step)) break;
  }
  return grpc::Status(grpc::StatusCode::UNAVAILABLE, "ended");
}

grpc::Status FakeAdminService::GetKeyEpoch(
    grpc::ServerContext*, const internal::v1::GetKeyEpochRequest*,
    internal::v1::GetKeyEpochResponse* response) {
  absl::MutexLock lock(&mutex_);
  response->set_epoch(epoch_);
  return grpc::Status::OK;
}

grpc::Status FakeAdminService::ReportUsage(
    grpc::ServerContext*, const internal::v1::ReportUsageRequest* request,
    internal::v1::ReportUsageResponse* response) {
  absl::MutexLock lock(&mutex_);
  const bool fails = failures_left_ > 0;
  if (fails) --failures_left_;
  if (fails && !fail_after_commit_) return grpc::Status(failure_, "told to");
  int records = 0;
  for (const internal::v1::JournalBatch& batch : request->journals()) {
    records += batch.records_size();
    for (const internal::v1::UsageRecord& record : batch.records()) {
      ledger_.Commit(batch.journal_id(), record);
    }
    response->add_journals()->set_journal_id(batch.journal_id());
  }
  largest_batch_ = std::max(largest_batch_, records);
  return fails ? grpc::Status(failure_, "told to") : grpc::Status::OK;
}

grpc::Status FakeAdminService::ReportNode(
    grpc::ServerContext*, const internal::v1::ReportNodeRequest* request,
    internal::v1::ReportNodeResponse*) {
  absl::MutexLock lock(&mutex_);
  node_ = *request;
  return grpc::Status::OK;
}

internal::v1::Key TestKey(char mark, uint64_t number) {
  internal::v1::Key key;
  key.set_digest(std::string(32, mark));
  key.set_number(number);
  key.set_key_id(std::string("key_") + mark);
  key.set_label("label");
  key.set_state(internal::v1::KEY_STATE_ACTIVE);
  key.set_requests_per_window(10);
  return key;
}

}  // namespace holt::worker
