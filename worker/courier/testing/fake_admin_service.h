// An admin-service that does what a test tells it, in the test's own process,
// behind socket pairs. Its ledger is a map; a new server over the same ledger
// is an admin-service that was killed and started again. Tests only.
#ifndef HOLT_WORKER_COURIER_TESTING_FAKE_ADMIN_SERVICE_H_
#define HOLT_WORKER_COURIER_TESTING_FAKE_ADMIN_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/unique_fd.h"
#include "proto/holt/internal/v1/courier.grpc.pb.h"

namespace holt::worker {

// What was committed: by journal and sequence, once. Outlives its servers.
class FakeLedger {
 public:
  // True when the record is new.
  bool Commit(const std::string& journal,
              const internal::v1::UsageRecord& record);
  [[nodiscard]] size_t size() const;
  [[nodiscard]] uint64_t prompt_tokens() const;
  // Records that came more than once.
  [[nodiscard]] int repeated() const;
  [[nodiscard]] int count(internal::v1::RecordState state) const;

 private:
  mutable absl::Mutex mutex_;
  std::map<std::pair<std::string, uint64_t>, internal::v1::UsageRecord> records_
      ABSL_GUARDED_BY(mutex_);
  int repeated_ ABSL_GUARDED_BY(mutex_) = 0;
};

class FakeAdminService final : public internal::v1::CourierService::Service {
 public:
  explicit FakeAdminService(FakeLedger& ledger);
  // As a kill would look to the courier: everything breaks off.
  ~FakeAdminService() override;

  // The courier's end of a new pair.
  UniqueFd Connect();

  // Queues a step for the stream that runs, or the next one.
  void Send(internal::v1::KeyTableChange step);
  // A whole snapshot of these keys, with settings.
  void SendSnapshot(uint64_t epoch, const std::vector<internal::v1::Key>& keys);
  void EndStream();
  void SetEpoch(uint64_t epoch);
  // The next reports fail with this, before or after they were committed.
  void FailReports(grpc::StatusCode code, int times, bool after_commit);

  [[nodiscard]] int streams() const;
  [[nodiscard]] internal::v1::ReportNodeRequest last_node_report() const;
  [[nodiscard]] int largest_batch() const;

  grpc::Status WatchKeys(
      grpc::ServerContext* context,
      const internal::v1::WatchKeysRequest* request,
      grpc::ServerWriter<internal::v1::KeyTableChange>* writer) override;
  grpc::Status GetKeyEpoch(
      grpc::ServerContext* context,
      const internal::v1::GetKeyEpochRequest* request,
      internal::v1::GetKeyEpochResponse* response) override;
  grpc::Status ReportUsage(
      grpc::ServerContext* context,
      const internal::v1::ReportUsageRequest* request,
      internal::v1::ReportUsageResponse* response) override;
  grpc::Status ReportNode(grpc::ServerContext* context,
                          const internal::v1::ReportNodeRequest* request,
                          internal::v1::ReportNodeResponse* response) override;

 private:
  FakeLedger& ledger_;
  std::unique_ptr<grpc::Server> server_;
  mutable absl::Mutex mutex_;
  std::deque<internal::v1::KeyTableChange> steps_ ABSL_GUARDED_BY(mutex_);
  bool end_stream_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  int streams_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  grpc::StatusCode failure_ ABSL_GUARDED_BY(mutex_) = grpc::StatusCode::OK;
  int failures_left_ ABSL_GUARDED_BY(mutex_) = 0;
  bool fail_after_commit_ ABSL_GUARDED_BY(mutex_) = false;
  int largest_batch_ ABSL_GUARDED_BY(mutex_) = 0;
  internal::v1::ReportNodeRequest node_ ABSL_GUARDED_BY(mutex_);
};

// An active key whose digest is 32 times `mark`.
internal::v1::Key TestKey(char mark, uint64_t number);

}  // namespace holt::worker

#endif  // HOLT_WORKER_COURIER_TESTING_FAKE_ADMIN_SERVICE_H_
