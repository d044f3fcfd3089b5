#include "worker/connector/connector.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/testing/status_matchers.h"
#include "worker/net/connector_client.h"
#include "worker/net/testing/sockets.h"

namespace holt::worker {
namespace {

using absl::StatusCode;

// A connector and the client that a worker has of it, on one loop.
class ConnectorTest : public testing::Test {
 protected:
  void SetUp() override {
    loop_ = *Loop::Create();
    settings_.connect_timeout = 3'600'000;
    settings_.resolve_interval = 60'000;
    settings_.max_dials = 8;
  }
  void AddUpstream(const char* host, uint16_t port) {
    UpstreamSettings& upstream = settings_.upstreams[settings_.upstream_count];
    ASSERT_THAT(SetText(upstream.host, host), IsOk());
    upstream.port = port;
    ++settings_.upstream_count;
  }
  void Start() {
    connector_ = *Connector::Create(*loop_, settings_);
    client_ = std::make_unique<ConnectorClient>(*loop_, absl::Seconds(3600));
    Introduce();
  }
  void Introduce() {
    auto pair = *FrameChannel::MakePair();
    client_->SetChannel(std::move(pair.first));
    connector_->SetChannel(0, std::move(pair.second));
  }
  absl::StatusOr<UniqueFd> Dial(uint16_t upstream) {
    bool done = false;
    absl::StatusOr<UniqueFd> result = absl::UnknownError("no answer");
    client_->Dial(upstream, [&](absl::StatusOr<UniqueFd> socket) {
      result = std::move(socket);
      done = true;
    });
    TurnUntil(*loop_, [&] { return done; });
    return result;
  }

  std::unique_ptr<Loop> loop_;
  ConnectorSettings settings_{};
  std::unique_ptr<Connector> connector_;
  std::unique_ptr<ConnectorClient> client_;
};

TEST_F(ConnectorTest, HandsOverAConnectedSocketAndKeepsNoCopy) {
  const Listener listener = Listen();
  AddUpstream("127.0.0.1", listener.port);
  Start();
  absl::StatusOr<UniqueFd> socket = Dial(0);
  ASSERT_THAT(socket, IsOk());
  const UniqueFd accepted(
      accept4(listener.socket.get(), nullptr, nullptr, SOCK_NONBLOCK));
  WriteAvailable(socket->get(), "hello");
  EXPECT_EQ(ReadAvailable(accepted.get()), "hello");
  // With the worker's copy gone the upstream sees the end at once.
  socket->reset();
  char byte = 0;
  EXPECT_EQ(recv(accepted.get(), &byte, 1, MSG_DONTWAIT), 0);
}

TEST_F(ConnectorTest, FailuresReachTheWorker) {
  AddUpstream("127.0.0.1", DeadPort());
  AddUpstream("169.254.169.254", 80);
  Start();
  EXPECT_THAT(Dial(0), StatusCodeIs(StatusCode::kUnavailable));
  EXPECT_THAT(Dial(1), StatusCodeIs(StatusCode::kUnavailable));
  EXPECT_THAT(Dial(2), StatusCodeIs(StatusCode::kNotFound));
}

TEST_F(ConnectorTest, DialsUnderWayAreBoundedPerChannel) {
  const Listener listener = Listen();
  AddUpstream("127.0.0.1", listener.port);
  settings_.max_dials = 2;
  Start();
  std::vector<StatusCode> codes;
  for (int i = 0; i < 4; ++i) {
    client_->Dial(0, [&](absl::StatusOr<UniqueFd> socket) {
      codes.push_back(socket.status().code());
    });
  }
  TurnUntil(*loop_, [&] { return codes.size() == 4; });
  EXPECT_EQ(
      std::count(codes.begin(), codes.end(), StatusCode::kResourceExhausted),
      2);
  EXPECT_THAT(Dial(0), IsOk());
}

TEST_F(ConnectorTest, ABrokenFrameEndsTheChannelAndNothingElse) {
  const Listener listener = Listen();
  AddUpstream("127.0.0.1", listener.port);
  Start();
  auto hostile = *FrameChannel::MakePair();
  FrameChannel worker(std::move(hostile.first));
  connector_->SetChannel(1, std::move(hostile.second));
  const uint8_t junk[] = {1, 2, 3};
  ASSERT_THAT(worker.Send(junk), IsOk());
  TurnUntil(*loop_, [this] { return connector_->channels() == 1; });
  EXPECT_THAT(Dial(0), IsOk());
}

TEST_F(ConnectorTest, ARestartedWorkerGetsANewChannel) {
  const Listener listener = Listen();
  AddUpstream("127.0.0.1", listener.port);
  Start();
  Introduce();
  EXPECT_EQ(connector_->channels(), 1u);
  EXPECT_THAT(Dial(0), IsOk());
}

TEST_F(ConnectorTest, AWorkerThatGoesTakesItsDialsAlong) {
  AddUpstream("127.0.0.1", Listen().port);
  Start();
  bool empty = false;
  connector_->set_on_empty([&empty] { empty = true; });
  client_->Dial(0, [](absl::StatusOr<UniqueFd>) {});
  client_.reset();
  TurnUntil(*loop_, [&] { return empty; });
  TurnUntilQuiet(*loop_);
}

TEST(Connector, SettingsWithTooManyUpstreamsAreRefused) {
  const auto loop = *Loop::Create();
  ConnectorSettings settings{};
  settings.upstream_count = kMaxUpstreams + 1;
  EXPECT_THAT(Connector::Create(*loop, settings),
              StatusCodeIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace holt::worker
