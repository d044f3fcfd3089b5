#include "worker/connector/connector.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>

namespace holt::worker {
namespace {

// A listening socket on loopback, or, closed again, a port nobody listens on.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_.get(), generic, sizeof(address)), 0);
    EXPECT_EQ(::listen(socket_.get(), 16), 0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::getsockname(socket_.get(), generic, &size), 0);
    port_ = ::ntohs(address.sin_port);
  }
  [[nodiscard]] uint16_t port() const { return port_; }
  UniqueFd Accept() {
    return UniqueFd(::accept(socket_.get(), nullptr, nullptr));
  }
  void Close() { socket_.reset(); }

 private:
  UniqueFd socket_;
  uint16_t port_ = 0;
};

class ConnectorTest : public testing::Test {
 protected:
  ConnectorTest() {
    settings_.connect_timeout = 5'000;
    settings_.resolve_interval = 30'000;
    settings_.max_dials = 8;
  }

  void AddUpstream(absl::string_view host, uint16_t port) {
    UpstreamSettings& upstream =
        settings_.upstreams[settings_.upstream_count++];
    ASSERT_TRUE(SetText(upstream.host, host).ok());
    upstream.port = port;
  }

  void Start() {
    connector_ = *Connector::Create(*loop_, settings_);
    Introduce();
  }
  void Introduce() {
    auto pair = *FrameChannel::MakePair();
    worker_ = FrameChannel(std::move(pair.first));
    connector_->SetWorkerChannel(0, std::move(pair.second));
  }

  void Ask(uint64_t id, uint16_t upstream) {
    DialRequest request;
    request.upstream = upstream;
    ASSERT_TRUE(worker_.SendMessage(id, request).ok());
  }

  // Turns the loop until an answer is there.
  std::pair<uint64_t, DialStatus> Await() {
    while (true) {
      ReceivedFrame frame;
      const absl::Status received = worker_.Receive(frame);
      if (received.ok()) {
        socket_ = frame.TakeFd();
        return {DecodeFrameHeader(frame.bytes())->id,
                DecodeFrame<DialReply>(frame.bytes())->status};
      }
      EXPECT_TRUE(absl::IsNotFound(received));
      loop_->TurnOnce(/*block=*/true);
    }
  }

  std::unique_ptr<Loop> loop_ = *Loop::Create();
  ConnectorSettings settings_{};
  std::unique_ptr<Connector> connector_;
  FrameChannel worker_;
  UniqueFd socket_;
};

TEST_F(ConnectorTest, GivesAConnectedSocketForALiteral) {
  Listener listener;
  AddUpstream("127.0.0.1", listener.port());
  Start();
  Ask(41, 0);
  const auto [id, status] = Await();
  EXPECT_EQ(id, 41u);
  ASSERT_EQ(status, DialStatus::kOk);
  const UniqueFd accepted = listener.Accept();
  ASSERT_EQ(::write(accepted.get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(socket_.get(), &byte, 1), 1);
}

TEST_F(ConnectorTest, ResolvesANameOfTheHostsFile) {
  Listener listener;
  AddUpstream("localhost", listener.port());
  Start();
  Ask(1, 0);
  EXPECT_EQ(Await().second, DialStatus::kOk);
}

TEST_F(ConnectorTest, TellsThatNobodyListens) {
  Listener listener;
  AddUpstream("127.0.0.1", listener.port());
  listener.Close();
  Start();
  Ask(1, 0);
  EXPECT_EQ(Await().second, DialStatus::kRefused);
  EXPECT_FALSE(socket_.valid());
}

TEST_F(ConnectorTest, AnAddressThatMayNotBeDialledIsNoAddress) {
  AddUpstream("169.254.169.254", 80);
  Start();
  Ask(1, 0);
  EXPECT_EQ(Await().second, DialStatus::kUnresolved);
}

TEST_F(ConnectorTest, AWorkerCannotNameAnUpstreamThatIsNotConfigured) {
  Start();
  Ask(1, 0);
  EXPECT_EQ(Await().second, DialStatus::kNotFound);
  Ask(2, 65535);
  EXPECT_EQ(Await().second, DialStatus::kNotFound);
}

TEST_F(ConnectorTest, TooManyDialsAtATimeAreRefused) {
  Listener listener;
  AddUpstream("127.0.0.1", listener.port());
  settings_.max_dials = 2;
  Start();
  for (uint64_t id = 1; id <= 3; ++id) Ask(id, 0);
  int busy = 0;
  for (int i = 0; i < 3; ++i) busy += Await().second == DialStatus::kBusy;
  EXPECT_EQ(busy, 1);
}

TEST_F(ConnectorTest, AFrameOfAnotherKindEndsTheChannel) {
  Start();
  ASSERT_TRUE(worker_.SendMessage(1, Ready{}).ok());
  ReceivedFrame frame;
  absl::Status received = worker_.Receive(frame);
  while (absl::IsNotFound(received)) {
    loop_->TurnOnce(/*block=*/true);
    received = worker_.Receive(frame);
  }
  EXPECT_TRUE(absl::IsUnavailable(received));
}

TEST_F(ConnectorTest, ANewChannelReplacesTheOldOne) {
  Listener listener;
  AddUpstream("127.0.0.1", listener.port());
  Start();
  Ask(1, 0);
  Introduce();
  Ask(2, 0);
  EXPECT_EQ(Await().first, 2u);
}

}  // namespace
}  // namespace holt::worker
