#include "admin-service/service.h"

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "admin-service/digest/sha256.h"
#include "admin-service/testing/running_service.h"
#include "common/base/clock.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/holt/admin/v1/api_key_service.grpc.pb.h"
#include "proto/holt/admin/v1/status_service.grpc.pb.h"
#include "proto/holt/admin/v1/usage_service.grpc.pb.h"
#include "proto/holt/internal/v1/courier.grpc.pb.h"

namespace holt::admin {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A bound that only a hanging test meets.
void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(
      absl::ToChronoTime(Clock::Real().Now() + absl::Seconds(30)));
}

struct Operator {
  explicit Operator(RunningService& running)
      : channel(running.ConnectOperator()),
        keys(v1::ApiKeyService::NewStub(channel)),
        usage(v1::UsageService::NewStub(channel)),
        status(v1::StatusService::NewStub(channel)) {}

  v1::CreateApiKeyResponse Create(const std::string& display_name) {
    v1::CreateApiKeyRequest request;
    request.mutable_api_key()->set_display_name(display_name);
    request.mutable_api_key()->set_owner_kind(
        v1::ApiKey::OWNER_KIND_INTEGRATION);
    v1::CreateApiKeyResponse response;
    grpc::ClientContext context;
    SetDeadline(context);
    const grpc::Status status_of_call =
        keys->CreateApiKey(&context, request, &response);
    EXPECT_TRUE(status_of_call.ok()) << status_of_call.error_message();
    return response;
  }

  grpc::Status Revoke(const std::string& name) {
    v1::RevokeApiKeyRequest request;
    request.set_name(name);
    v1::ApiKey key;
    grpc::ClientContext context;
    SetDeadline(context);
    return keys->RevokeApiKey(&context, request, &key);
  }

  grpc::Status Enable(const std::string& name) {
    v1::EnableApiKeyRequest request;
    request.set_name(name);
    v1::ApiKey key;
    grpc::ClientContext context;
    SetDeadline(context);
    return keys->EnableApiKey(&context, request, &key);
  }

  v1::ListApiKeysResponse List(const v1::ListApiKeysRequest& request) {
    v1::ListApiKeysResponse response;
    grpc::ClientContext context;
    SetDeadline(context);
    EXPECT_TRUE(keys->ListApiKeys(&context, request, &response).ok());
    return response;
  }

  v1::QueryUsageResponse Query(const v1::QueryUsageRequest& request) {
    v1::QueryUsageResponse response;
    grpc::ClientContext context;
    SetDeadline(context);
    const grpc::Status status_of_call =
        usage->QueryUsage(&context, request, &response);
    EXPECT_TRUE(status_of_call.ok()) << status_of_call.error_message();
    return response;
  }

  v1::NodeStatus Status() {
    v1::NodeStatus response;
    grpc::ClientContext context;
    SetDeadline(context);
    EXPECT_TRUE(status->GetStatus(&context, {}, &response).ok());
    return response;
  }

  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::ApiKeyService::Stub> keys;
  std::unique_ptr<v1::UsageService::Stub> usage;
  std::unique_ptr<v1::StatusService::Stub> status;
};

// The far end of a key watch, as a courier reads it.
class Watch {
 public:
  explicit Watch(internal::v1::CourierService::Stub& stub) {
    SetDeadline(context_);
    reader_ = stub.WatchKeys(&context_, {});
  }
  ~Watch() { context_.TryCancel(); }

  // The next step that is no heartbeat; false when the stream ended.
  bool Next(internal::v1::KeyTableChange& step) {
    while (reader_->Read(&step)) {
      if (!step.has_heartbeat()) return true;
    }
    return false;
  }

  // Reads one whole snapshot and returns its keys.
  std::vector<internal::v1::Key> Snapshot() {
    std::vector<internal::v1::Key> keys;
    internal::v1::KeyTableChange step;
    while (Next(step) && !step.has_snapshot_end()) {
      if (step.has_put()) keys.push_back(step.put());
      epoch_ = step.epoch();
    }
    return keys;
  }

  [[nodiscard]] uint64_t epoch() const { return epoch_; }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<internal::v1::KeyTableChange>> reader_;
  uint64_t epoch_ = 0;
};

class AdminServiceTest : public testing::Test {
 protected:
  internal::v1::ReportUsageRequest Report(uint64_t sequence, uint64_t tokens) {
    internal::v1::ReportUsageRequest request;
    internal::v1::JournalBatch& batch = *request.add_journals();
    batch.set_journal_id(std::string(16, 'j'));
    internal::v1::UsageRecord& record = *batch.add_records();
    record.set_sequence(sequence);
    record.set_state(internal::v1::RECORD_STATE_COUNTED);
    internal::v1::Usage& usage = *record.mutable_usage();
    usage.set_key_number(1);
    usage.set_prompt_tokens(tokens);
    usage.set_total_tokens(tokens);
    usage.set_model("gpt-oss-120b");
    usage.set_endpoint(internal::v1::ENDPOINT_CHAT_COMPLETIONS);
    usage.set_outcome(internal::v1::OUTCOME_FINISHED);
    usage.set_http_status(200);
    usage.set_start_unix_us(absl::ToUnixMicros(running_.clock().Now()));
    usage.set_end_unix_us(absl::ToUnixMicros(running_.clock().Now()));
    return request;
  }

  grpc::Status Send(const internal::v1::ReportUsageRequest& request,
                    internal::v1::ReportUsageResponse& response) {
    grpc::ClientContext context;
    SetDeadline(context);
    return courier_->ReportUsage(&context, request, &response);
  }

  RunningService running_;
  Operator operator_{running_};
  std::unique_ptr<internal::v1::CourierService::Stub> courier_ =
      internal::v1::CourierService::NewStub(running_.ConnectCourier());
};

TEST_F(AdminServiceTest, NewKeyReachesTheCourierByItsDigest) {
  Watch watch(*courier_);
  EXPECT_THAT(watch.Snapshot(), IsEmpty());
  const v1::CreateApiKeyResponse created = operator_.Create("ci");
  internal::v1::KeyTableChange step;
  ASSERT_TRUE(watch.Next(step));
  EXPECT_EQ(step.put().digest(), AsText(Sha256(created.secret())));
  EXPECT_EQ("apiKeys/" + step.put().key_id(), created.api_key().name());
  EXPECT_EQ(step.put().label(), "ci");
  EXPECT_GT(step.epoch(), watch.epoch());
}

TEST_F(AdminServiceTest, SnapshotCarriesSettingsAndLiveKeysOnly) {
  const std::string kept = operator_.Create("kept").api_key().name();
  const std::string revoked = operator_.Create("revoked").api_key().name();
  ASSERT_TRUE(operator_.Revoke(revoked).ok());
  Watch watch(*courier_);
  internal::v1::KeyTableChange step;
  ASSERT_TRUE(watch.Next(step));
  EXPECT_TRUE(step.has_snapshot_begin());
  ASSERT_TRUE(watch.Next(step));
  EXPECT_EQ(step.settings().global_requests(), 100);
  EXPECT_EQ(step.settings().max_staleness_ms(), 300'000);
  const std::vector<internal::v1::Key> keys = watch.Snapshot();
  ASSERT_EQ(keys.size(), 1);
  EXPECT_EQ("apiKeys/" + keys[0].key_id(), kept);
}

TEST_F(AdminServiceTest, RevocationIsPushedWithItsState) {
  const std::string name = operator_.Create("ci").api_key().name();
  Watch watch(*courier_);
  watch.Snapshot();
  ASSERT_TRUE(operator_.Revoke(name).ok());
  internal::v1::KeyTableChange step;
  ASSERT_TRUE(watch.Next(step));
  EXPECT_EQ(step.put().state(), internal::v1::KEY_STATE_REVOKED);
}

TEST_F(AdminServiceTest, ReplacedSecretIsForgottenByTheCourier) {
  ASSERT_THAT(running_.ReloadKeysFile(
                  R"({"keys": [{"key": "pm_old", "key_id": "alice"}]})"),
              IsOk());
  Watch watch(*courier_);
  watch.Snapshot();
  ASSERT_THAT(running_.ReloadKeysFile(
                  R"({"keys": [{"key": "pm_new", "key_id": "alice"}]})"),
              IsOk());
  internal::v1::KeyTableChange step;
  ASSERT_TRUE(watch.Next(step));
  EXPECT_EQ(step.put().digest(), AsText(Sha256("pm_new")));
  ASSERT_TRUE(watch.Next(step));
  EXPECT_EQ(step.remove(), AsText(Sha256("pm_old")));
}

TEST_F(AdminServiceTest, SecondWatchEndsTheFirst) {
  Watch first(*courier_);
  first.Snapshot();
  Watch second(*courier_);
  second.Snapshot();
  internal::v1::KeyTableChange step;
  EXPECT_FALSE(first.Next(step));
}

TEST_F(AdminServiceTest, WatchEndsWhenTheServiceDrains) {
  Watch watch(*courier_);
  watch.Snapshot();
  running_.service().Drain(absl::Seconds(10));
  internal::v1::KeyTableChange step;
  EXPECT_FALSE(watch.Next(step));
}

TEST_F(AdminServiceTest, EpochGrowsAcrossARestart) {
  operator_.Create("ci");
  internal::v1::GetKeyEpochResponse before;
  grpc::ClientContext context;
  ASSERT_TRUE(courier_->GetKeyEpoch(&context, {}, &before).ok());
  running_.Restart();
  const auto courier =
      internal::v1::CourierService::NewStub(running_.ConnectCourier());
  internal::v1::GetKeyEpochResponse after;
  grpc::ClientContext second_context;
  ASSERT_TRUE(courier->GetKeyEpoch(&second_context, {}, &after).ok());
  EXPECT_GT(after.epoch(), before.epoch());
}

TEST_F(AdminServiceTest, SecretIsShownOnceAndNowhereElse) {
  const v1::CreateApiKeyResponse created = operator_.Create("ci");
  const v1::ListApiKeysResponse listed = operator_.List({});
  ASSERT_EQ(listed.api_keys_size(), 1);
  EXPECT_THAT(listed.SerializeAsString(),
              testing::Not(HasSubstr(created.secret())));
  EXPECT_EQ(listed.api_keys(0).hint(),
            created.secret().substr(created.secret().size() - 4));
}

TEST_F(AdminServiceTest, ReportedUsageIsCountedOnceHoweverOftenItIsSent) {
  operator_.Create("ci");
  const internal::v1::ReportUsageRequest report = Report(0, 54);
  internal::v1::ReportUsageResponse response;
  ASSERT_TRUE(Send(report, response).ok());
  ASSERT_TRUE(Send(report, response).ok());
  const v1::QueryUsageResponse usage = operator_.Query({});
  EXPECT_EQ(usage.total().request_count(), 1);
  EXPECT_EQ(usage.total().total_token_count(), 54);
  EXPECT_EQ(usage.total().cost_micros(), 270);
  EXPECT_EQ(usage.currency_code(), "EUR");
}

TEST_F(AdminServiceTest, UsageOfAKeyNeverGivenOutIsRefusedAndSettled) {
  internal::v1::ReportUsageResponse response;
  ASSERT_TRUE(Send(Report(0, 54), response).ok());
  EXPECT_EQ(response.journals(0).refused(), 1);
  EXPECT_EQ(response.journals(0).settled_below(), 1);
  EXPECT_EQ(operator_.Query({}).total().request_count(), 0);
  EXPECT_EQ(operator_.Status().ledger().reject_count(), 1);
}

TEST_F(AdminServiceTest, ReportWithABrokenBoundIsRefusedWhole) {
  operator_.Create("ci");
  internal::v1::ReportUsageRequest report = Report(0, 54);
  *report.add_journals() = report.journals(0);
  internal::v1::ReportUsageResponse response;
  EXPECT_EQ(Send(report, response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(operator_.Query({}).total().request_count(), 0);
}

TEST_F(AdminServiceTest, UsageIsGroupedByKeyModelAndDay) {
  const std::string name = operator_.Create("ci").api_key().name();
  internal::v1::ReportUsageResponse response;
  ASSERT_TRUE(Send(Report(0, 1), response).ok());
  running_.clock().Advance(absl::Hours(24));
  ASSERT_TRUE(Send(Report(1, 2), response).ok());
  v1::QueryUsageRequest request;
  request.add_group_by(v1::USAGE_GROUPING_API_KEY);
  request.add_group_by(v1::USAGE_GROUPING_MODEL);
  request.add_group_by(v1::USAGE_GROUPING_DAY);
  const v1::QueryUsageResponse usage = operator_.Query(request);
  ASSERT_EQ(usage.rows_size(), 2);
  EXPECT_EQ(usage.rows(0).api_key(), name);
  EXPECT_EQ(usage.rows(0).api_key_display_name(), "ci");
  EXPECT_EQ(usage.rows(0).model(), "gpt-oss-120b");
  EXPECT_EQ(usage.rows(0).day(), "2027-01-15");
  EXPECT_EQ(usage.rows(1).day(), "2027-01-16");
  EXPECT_EQ(usage.rows(1).total_token_count(), 2);
}

TEST_F(AdminServiceTest, PagesFollowOneAnotherWithoutGaps) {
  for (int i = 0; i < 5; ++i) operator_.Create("key " + std::to_string(i));
  v1::ListApiKeysRequest request;
  request.set_page_size(2);
  std::vector<std::string> names;
  do {
    const v1::ListApiKeysResponse page = operator_.List(request);
    for (const v1::ApiKey& key : page.api_keys()) {
      names.push_back(key.display_name());
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(
      names, testing::ElementsAre("key 0", "key 1", "key 2", "key 3", "key 4"));
}

TEST_F(AdminServiceTest, PageTokenOfAnotherRequestIsRefused) {
  for (int i = 0; i < 3; ++i) operator_.Create("key");
  v1::ListApiKeysRequest request;
  request.set_page_size(1);
  request.set_page_token(operator_.List(request).next_page_token());
  request.set_show_revoked(true);
  v1::ListApiKeysResponse response;
  grpc::ClientContext context;
  EXPECT_EQ(
      operator_.keys->ListApiKeys(&context, request, &response).error_code(),
      grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(AdminServiceTest, RevokedKeyCannotBeEnabled) {
  const std::string name = operator_.Create("ci").api_key().name();
  ASSERT_TRUE(operator_.Revoke(name).ok());
  const grpc::Status status = operator_.Enable(name);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("make a new one"));
}

TEST_F(AdminServiceTest, KeyOfTheFileIsChangedInTheFileOnly) {
  ASSERT_THAT(running_.ReloadKeysFile(
                  R"({"keys": [{"key": "pm_secret", "key_id": "alice"}]})"),
              IsOk());
  const grpc::Status status = operator_.Revoke("apiKeys/alice");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("keys file"));
}

TEST_F(AdminServiceTest, UnparsableKeysFileLeavesTheLastKeysInForce) {
  ASSERT_THAT(running_.ReloadKeysFile(R"({"keys": [{"key": "pm_secret"}]})"),
              IsOk());
  EXPECT_FALSE(running_.ReloadKeysFile(R"({"keys": [)").ok());
  EXPECT_EQ(operator_.List({}).api_keys_size(), 1);
  EXPECT_TRUE(operator_.Status().keys_file().stale());
}

TEST_F(AdminServiceTest, KeysStayWhenTheirFileGoesMissing) {
  ASSERT_THAT(running_.ReloadKeysFile(R"({"keys": [{"key": "pm_secret"}]})"),
              IsOk());
  EXPECT_THAT(running_.service().ReloadKeysFile(UniqueFd()),
              StatusCodeIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(operator_.List({}).api_keys_size(), 1);
  EXPECT_TRUE(operator_.Status().keys_file().stale());
}

TEST_F(AdminServiceTest, KeysOfAFileThatIsMissingAtTheStartAreGone) {
  ASSERT_THAT(running_.ReloadKeysFile(R"({"keys": [{"key": "pm_secret"}]})"),
              IsOk());
  running_.Restart();
  Operator caller(running_);
  EXPECT_EQ(caller.List({}).api_keys_size(), 1) << "until the file was read";
  ASSERT_THAT(running_.service().ReloadKeysFile(UniqueFd()), IsOk());
  EXPECT_EQ(caller.List({}).api_keys_size(), 0);
}

TEST_F(AdminServiceTest, StatusShowsWhatTheCourierReported) {
  internal::v1::ReportNodeRequest report;
  internal::v1::Child& child = *report.add_children();
  child.set_role(1);
  child.set_heartbeat(7);
  child.set_requests_finished(3);
  report.add_journals()->set_backlog(12);
  internal::v1::ReportNodeResponse response;
  for (int i = 0; i < 2; ++i) {
    grpc::ClientContext context;
    ASSERT_TRUE(courier_->ReportNode(&context, report, &response).ok());
    running_.clock().Advance(absl::Seconds(4));
  }
  const v1::NodeStatus status = operator_.Status();
  ASSERT_EQ(status.children_size(), 1);
  EXPECT_EQ(status.children(0).role(), "worker");
  EXPECT_FALSE(status.children(0).alive()) << "its heartbeat did not move";
  EXPECT_EQ(status.children(0).counters().at("requests_finished"), 3);
  EXPECT_EQ(status.journals(0).backlog_count(), 12);
  EXPECT_EQ(status.node().version(), "1.2.3");
  EXPECT_TRUE(status.ledger().audit_intact());
}

TEST(AdminServiceAccessTest, UserThatMayNotCallIsTurnedAway) {
  config::v1::AdminServiceSettings settings = RunningService::DefaultSettings();
  settings.clear_operator_uids();
  settings.add_operator_uids(::getuid() + 1);
  RunningService running(settings);
  const UniqueFd connection = running.DialOperator();
  char byte = 0;
  EXPECT_EQ(::read(connection.get(), &byte, 1), 0) << "closed unread";
}

TEST(AdminServiceSettingsTest, EnvironmentKeyIsKnownFromTheStart) {
  config::v1::AdminServiceSettings settings = RunningService::DefaultSettings();
  config::v1::EnvironmentKey& key = *settings.add_environment_keys();
  key.set_key_id("env_key_0");
  key.set_digest(std::string(AsText(Sha256("pm_environment"))));
  RunningService running(settings);
  Operator caller(running);
  const v1::ListApiKeysResponse listed = caller.List({});
  ASSERT_EQ(listed.api_keys_size(), 1);
  EXPECT_EQ(listed.api_keys(0).name(), "apiKeys/env_key_0");
  EXPECT_EQ(listed.api_keys(0).source(), v1::ApiKey::SOURCE_ENVIRONMENT);
}

}  // namespace
}  // namespace holt::admin
