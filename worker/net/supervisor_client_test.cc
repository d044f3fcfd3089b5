#include "worker/net/supervisor_client.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/testing/status_matchers.h"

namespace holt::worker {
namespace {

struct RecordingEvents : SupervisorEvents {
  void OnTicketKeys(const TicketKeysReply& reply) override {
    ticket_names.push_back(reply.current.name[0]);
  }
  void OnCredential(const CredentialReply& reply) override {
    credential_of.push_back(reply.upstream);
  }
  void OnIntroduce(const Introduce& frame, UniqueFd fd) override {
    introduced = frame.what;
    introduced_fd = std::move(fd);
  }
  void OnDrain(const Drain& frame) override { drain = frame.deadline_millis; }
  void OnSupervisorLost() override { ++lost; }

  std::vector<uint8_t> ticket_names;
  std::vector<uint16_t> credential_of;
  Introduction introduced{};
  UniqueFd introduced_fd;
  uint32_t drain = 0;
  int lost = 0;
};

class SupervisorClientTest : public testing::Test {
 protected:
  void SetUp() override {
    loop_ = *Loop::Create();
    auto pair = *FrameChannel::MakePair();
    supervisor_ = FrameChannel(std::move(pair.first));
    client_ = std::make_unique<SupervisorClient>(*loop_, std::move(pair.second),
                                                 events_);
  }
  void Turn() {
    for (int i = 0; i < 20; ++i) loop_->TurnOnce(/*block=*/false);
  }
  uint64_t Sign() {
    const auto id =
        client_->Sign(SignRequest{}, [this](absl::StatusOr<SignReply> reply) {
          replies_.push_back(std::move(reply));
        });
    EXPECT_THAT(id, IsOk());
    return id.value_or(0);
  }
  // The type and id of the next frame the supervisor finds.
  std::optional<FrameHeader> Received() {
    ReceivedFrame frame;
    if (!supervisor_.Receive(frame).ok()) return std::nullopt;
    return *DecodeFrameHeader(frame.bytes());
  }

  std::unique_ptr<Loop> loop_;
  RecordingEvents events_;
  FrameChannel supervisor_;
  std::vector<absl::StatusOr<SignReply>> replies_;
  std::unique_ptr<SupervisorClient> client_;
};

TEST_F(SupervisorClientTest, RepliesFindTheirRequestsInAnyOrder) {
  const uint64_t first = Sign();
  const uint64_t second = Sign();
  SignReply reply;
  reply.signature_size = 2;
  ASSERT_THAT(supervisor_.SendMessage(second, reply), IsOk());
  reply.signature_size = 1;
  ASSERT_THAT(supervisor_.SendMessage(first, reply), IsOk());
  Turn();
  ASSERT_EQ(replies_.size(), 2u);
  EXPECT_EQ(replies_[0]->signature_size, 2);
  EXPECT_EQ(replies_[1]->signature_size, 1);
}

TEST_F(SupervisorClientTest, RefusalsAreErrors) {
  SignReply reply;
  reply.status = ReplyStatus::kRefused;
  ASSERT_THAT(supervisor_.SendMessage(Sign(), reply), IsOk());
  reply.status = ReplyStatus::kBusy;
  ASSERT_THAT(supervisor_.SendMessage(Sign(), reply), IsOk());
  Turn();
  ASSERT_EQ(replies_.size(), 2u);
  EXPECT_THAT(replies_[0], StatusCodeIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(replies_[1], StatusCodeIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(SupervisorClientTest, RepliesNobodyWaitsForAreDropped) {
  const uint64_t id = Sign();
  client_->CancelSign(id);
  ASSERT_THAT(supervisor_.SendMessage(id, SignReply{}), IsOk());
  ASSERT_THAT(supervisor_.SendMessage(12345, SignReply{}), IsOk());
  Turn();
  EXPECT_TRUE(replies_.empty());
  EXPECT_EQ(events_.lost, 0);
}

TEST_F(SupervisorClientTest, TooManySignaturesAreRefusedAtOnce) {
  for (size_t i = 0; i < SupervisorClient::kMaxPendingSignatures; ++i) Sign();
  EXPECT_THAT(client_->Sign(SignRequest{}, nullptr),
              StatusCodeIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(SupervisorClientTest, FramesTheSocketDidNotTakeAreSentLater) {
  // More than the pair's buffer holds, while the supervisor does not read.
  for (int i = 0; i < 5000; ++i) client_->RequestCredential(1);
  int received = 0;
  for (int i = 0; i < 5000 && received < 5000; ++i) {
    while (Received().has_value()) ++received;
    Turn();
  }
  EXPECT_EQ(received, 5000);
}

TEST_F(SupervisorClientTest, AsksForKeysAndCredentialsAndTellsReadiness) {
  client_->RequestTicketKeys();
  client_->RequestCredential(3);
  client_->SendReady();
  EXPECT_EQ(Received()->type, FrameType::kTicketKeysRequest);
  EXPECT_EQ(Received()->type, FrameType::kCredentialRequest);
  EXPECT_EQ(Received()->type, FrameType::kReady);
}

TEST_F(SupervisorClientTest, HandsOnWhatTheSupervisorSays) {
  TicketKeysReply keys;
  keys.current.name[0] = 7;
  CredentialReply credential;
  credential.upstream = 2;
  Introduce introduce;
  introduce.what = Introduction::kConnectorChannel;
  introduce.role = Role::kConnector;
  ASSERT_THAT(supervisor_.SendMessage(0, keys), IsOk());
  ASSERT_THAT(supervisor_.SendMessage(0, credential), IsOk());
  ASSERT_THAT(supervisor_.SendMessage(0, introduce, supervisor_.fd()), IsOk());
  ASSERT_THAT(supervisor_.SendMessage(0, Drain{5000}), IsOk());
  Turn();
  EXPECT_EQ(events_.ticket_names, std::vector<uint8_t>{7});
  EXPECT_EQ(events_.credential_of, std::vector<uint16_t>{2});
  EXPECT_EQ(events_.introduced, Introduction::kConnectorChannel);
  EXPECT_TRUE(events_.introduced_fd.valid());
  EXPECT_EQ(events_.drain, 5000u);
}

TEST_F(SupervisorClientTest, ALostSupervisorFailsWhatWaitsAndIsToldOnce) {
  Sign();
  supervisor_.Close();
  Turn();
  ASSERT_EQ(replies_.size(), 1u);
  EXPECT_THAT(replies_[0], StatusCodeIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(events_.lost, 1);
  EXPECT_THAT(client_->Sign(SignRequest{}, nullptr),
              StatusCodeIs(absl::StatusCode::kUnavailable));
  client_->RequestTicketKeys();
}

TEST_F(SupervisorClientTest, ABrokenFrameIsALostSupervisor) {
  const uint8_t junk[] = {1, 2, 3};
  ASSERT_THAT(supervisor_.Send(junk), IsOk());
  Turn();
  EXPECT_EQ(events_.lost, 1);
}

TEST_F(SupervisorClientTest, AQuestionFromTheSupervisorIsABrokenFrame) {
  ASSERT_THAT(supervisor_.SendMessage(1, SignRequest{}), IsOk());
  Turn();
  EXPECT_EQ(events_.lost, 1);
}

}  // namespace
}  // namespace holt::worker
