#include "worker/connector/dial.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "worker/net/testing/sockets.h"

namespace holt::worker {
namespace {

SocketAddress Loopback(uint16_t port) {
  return *SocketAddress::Parse("127.0.0.1", port);
}

class DialTest : public testing::Test {
 protected:
  void SetUp() override { loop_ = *Loop::Create(); }
  void Start(std::vector<SocketAddress> addresses,
             absl::Duration timeout = absl::Seconds(3600)) {
    dial_ = std::make_unique<Dial>(*loop_, timeout,
                                   [this](DialStatus status, UniqueFd socket) {
                                     status_ = status;
                                     socket_ = std::move(socket);
                                     loop_->DeferDelete(std::move(dial_));
                                   });
    dial_->Start(std::move(addresses));
  }
  void Finish() {
    TurnUntil(*loop_, [this] { return status_.has_value(); });
    TurnUntilQuiet(*loop_);
  }
  int Option(int level, int option) {
    int value = 0;
    socklen_t size = sizeof(value);
    getsockopt(socket_.get(), level, option, &value, &size);
    return value;
  }

  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Dial> dial_;
  std::optional<DialStatus> status_;
  UniqueFd socket_;
};

TEST_F(DialTest, ConnectsAndTunesTheSocket) {
  const Listener listener = Listen();
  Start({Loopback(listener.port)});
  EXPECT_FALSE(status_.has_value());  // later, never inside Start
  Finish();
  ASSERT_EQ(status_, DialStatus::kOk);
  EXPECT_NE(fcntl(socket_.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(Option(IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_NE(Option(SOL_SOCKET, SO_KEEPALIVE), 0);
}

TEST_F(DialTest, DeadPortIsRefused) {
  Start({Loopback(DeadPort())});
  Finish();
  EXPECT_EQ(status_, DialStatus::kRefused);
  EXPECT_FALSE(socket_.valid());
}

TEST_F(DialTest, TriesTheNextAddress) {
  const Listener listener = Listen();
  Start({Loopback(DeadPort()), Loopback(listener.port)});
  Finish();
  EXPECT_EQ(status_, DialStatus::kOk);
}

TEST_F(DialTest, SilentAddressDoesNotKeepTheNextWaiting) {
  // A listener whose queue is full lets further connections hang.
  const UniqueFd full(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(full.get(), generic, size), 0);
  ASSERT_EQ(listen(full.get(), 0), 0);
  ASSERT_EQ(getsockname(full.get(), generic, &size), 0);
  const uint16_t silent = ntohs(address.sin_port);
  const UniqueFd filler = ConnectTo(silent);

  const Listener listener = Listen();
  Start({Loopback(silent), Loopback(listener.port)});
  Finish();
  ASSERT_EQ(status_, DialStatus::kOk);
  ASSERT_EQ(getpeername(socket_.get(), generic, &size), 0);
  EXPECT_EQ(ntohs(address.sin_port), listener.port);
}

TEST_F(DialTest, NoAddressIsUnresolved) {
  Start({});
  Finish();
  EXPECT_EQ(status_, DialStatus::kUnresolved);
}

TEST_F(DialTest, HasItsTimeAlsoWhileItWaitsForAddresses) {
  dial_ = std::make_unique<Dial>(*loop_, absl::Milliseconds(1),
                                 [this](DialStatus status, UniqueFd) {
                                   status_ = status;
                                   loop_->DeferDelete(std::move(dial_));
                                 });
  Finish();
  EXPECT_EQ(status_, DialStatus::kTimedOut);
}

TEST_F(DialTest, DestroyingItEndsItSilently) {
  const Listener listener = Listen();
  Start({Loopback(listener.port)});
  loop_->TurnOnce(/*block=*/false);
  dial_.reset();
  TurnUntilQuiet(*loop_);
  EXPECT_FALSE(status_.has_value());
}

}  // namespace
}  // namespace holt::worker
