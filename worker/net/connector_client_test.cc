#include "worker/net/connector_client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/testing/status_matchers.h"
#include "worker/net/testing/sockets.h"

namespace holt::worker {
namespace {

constexpr absl::Duration kLong = absl::Seconds(3600);

class ConnectorClientTest : public testing::Test {
 protected:
  void SetUp() override { Make(kLong); }
  void Make(absl::Duration timeout) {
    client_.reset();
    if (loop_ == nullptr) loop_ = *Loop::Create();
    client_ = std::make_unique<ConnectorClient>(*loop_, timeout);
  }
  // A new connector.
  void Introduce() {
    auto pair = *FrameChannel::MakePair();
    connector_ = FrameChannel(std::move(pair.first));
    client_->SetChannel(std::move(pair.second));
  }
  uint64_t Dial(uint16_t upstream) {
    return client_->Dial(upstream, [this](absl::StatusOr<UniqueFd> socket) {
      results_.push_back(std::move(socket));
    });
  }
  // The id and upstream of the next request the connector finds.
  std::optional<std::pair<uint64_t, uint16_t>> Requested() {
    ReceivedFrame frame;
    if (!connector_.Receive(frame).ok()) return std::nullopt;
    const auto request = DecodeFrame<DialRequest>(frame.bytes());
    return std::make_pair(DecodeFrameHeader(frame.bytes())->id,
                          request->upstream);
  }

  std::unique_ptr<Loop> loop_;
  std::unique_ptr<ConnectorClient> client_;
  FrameChannel connector_;
  std::vector<absl::StatusOr<UniqueFd>> results_;
};

TEST_F(ConnectorClientTest, HandsOutTheSocketThatComesWithTheReply) {
  Introduce();
  const uint64_t id = Dial(3);
  EXPECT_EQ(Requested(), std::make_pair(id, uint16_t{3}));
  const SocketPair pair = ConnectedPair();
  ASSERT_THAT(connector_.SendMessage(id, DialReply{}, pair.ours.get()), IsOk());
  TurnUntil(*loop_, [this] { return results_.size() == 1; });
  ASSERT_THAT(results_[0], IsOk());
  EXPECT_EQ(WriteAvailable(results_[0]->get(), "x"), 1u);
}

TEST_F(ConnectorClientTest, FailuresAreErrors) {
  Introduce();
  for (const DialStatus status :
       {DialStatus::kRefused, DialStatus::kTimedOut, DialStatus::kBusy,
        DialStatus::kNotFound, DialStatus::kOk}) {
    DialReply reply;
    reply.status = status;
    ASSERT_THAT(connector_.SendMessage(Dial(0), reply), IsOk());
  }
  TurnUntil(*loop_, [this] { return results_.size() == 5; });
  using absl::StatusCode;
  EXPECT_THAT(results_[0], StatusCodeIs(StatusCode::kUnavailable));
  EXPECT_THAT(results_[1], StatusCodeIs(StatusCode::kDeadlineExceeded));
  EXPECT_THAT(results_[2], StatusCodeIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(results_[3], StatusCodeIs(StatusCode::kNotFound));
  // Success without a socket is none.
  EXPECT_THAT(results_[4], StatusCodeIs(StatusCode::kInternal));
}

TEST_F(ConnectorClientTest, DialWithoutAConnectorWaitsForOne) {
  const uint64_t id = Dial(1);
  TurnUntilQuiet(*loop_);
  EXPECT_TRUE(results_.empty());
  Introduce();
  EXPECT_EQ(Requested(), std::make_pair(id, uint16_t{1}));
}

TEST_F(ConnectorClientTest, DialThatNobodyAnswersTimesOut) {
  Make(absl::Milliseconds(1));
  Dial(1);
  TurnUntil(*loop_, [this] { return results_.size() == 1; });
  EXPECT_THAT(results_[0], StatusCodeIs(absl::StatusCode::kDeadlineExceeded));
  // It is over: a connector that comes later is not asked.
  Introduce();
  EXPECT_EQ(Requested(), std::nullopt);
}

TEST_F(ConnectorClientTest, DialsAskedOfALostConnectorFail) {
  Introduce();
  Dial(1);
  connector_.Close();
  TurnUntil(*loop_, [this] { return results_.size() == 1; });
  EXPECT_THAT(results_[0], StatusCodeIs(absl::StatusCode::kUnavailable));
  const uint64_t next = Dial(2);
  Introduce();
  EXPECT_EQ(Requested(), std::make_pair(next, uint16_t{2}));
}

TEST_F(ConnectorClientTest, ANewConnectorReplacesTheOld) {
  Introduce();
  Dial(1);
  Introduce();
  EXPECT_EQ(results_.size(), 1u);
  Dial(2);
  EXPECT_EQ(Requested()->second, 2);
}

TEST_F(ConnectorClientTest, CancelledDialIsClosedWhenItArrives) {
  Introduce();
  const uint64_t id = Dial(1);
  client_->Cancel(id);
  SocketPair pair = ConnectedPair();
  ASSERT_THAT(connector_.SendMessage(id, DialReply{}, pair.ours.get()), IsOk());
  pair.ours.reset();
  char byte = 0;
  TurnUntil(*loop_, [&] {
    return recv(pair.theirs.get(), &byte, 1, MSG_DONTWAIT) == 0;
  });
  EXPECT_TRUE(results_.empty());
}

TEST_F(ConnectorClientTest, ABrokenFrameIsALostConnector) {
  Introduce();
  Dial(1);
  const uint8_t junk[] = {1, 2, 3};
  ASSERT_THAT(connector_.Send(junk), IsOk());
  TurnUntil(*loop_, [this] { return results_.size() == 1; });
}

}  // namespace
}  // namespace holt::worker
