#include "worker/net/acceptor.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <memory>
#include <vector>

#include "worker/net/testing/sockets.h"

namespace holt::worker {
namespace {

class AcceptorTest : public testing::Test {
 protected:
  void SetUp() override { loop_ = *Loop::Create(); }
  void Start() {
    acceptor_ =
        std::make_unique<Acceptor>(*loop_, listener_.socket.get(), options_,
                                   [this](AcceptedConnection connection) {
                                     accepted_.push_back(std::move(connection));
                                   });
  }
  // `count` clients; those that are refused stay in the list.
  void Connect(int count) {
    for (int i = 0; i < count; ++i) {
      clients_.push_back(ConnectTo(listener_.port));
    }
  }
  bool IsReset(const UniqueFd& client) {
    char byte = 0;
    return recv(client.get(), &byte, 1, MSG_DONTWAIT) < 0 &&
           errno == ECONNRESET;
  }

  std::unique_ptr<Loop> loop_;
  Listener listener_ = Listen();
  AcceptorOptions options_;
  std::vector<UniqueFd> clients_;
  std::unique_ptr<Acceptor> acceptor_;
  std::vector<AcceptedConnection> accepted_;  // before the acceptor
};

TEST_F(AcceptorTest, HandsOutSocketsReadyForTheLoop) {
  Start();
  Connect(1);
  TurnUntil(*loop_, [this] { return accepted_.size() == 1; });
  const int fd = accepted_[0].socket.get();
  int no_delay = 0;
  socklen_t size = sizeof(no_delay);
  getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size);
  EXPECT_NE(no_delay, 0);
  char byte = 0;
  EXPECT_EQ(recv(fd, &byte, 1, 0), -1);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_EQ(accepted_[0].peer.bytes()[15], 1);  // 127.0.0.1
}

TEST_F(AcceptorTest, StopsAtTheBoundAndGoesOnBelowIt) {
  options_.max_connections = 2;
  Start();
  Connect(3);
  TurnUntil(*loop_, [this] { return accepted_.size() == 2; });
  TurnUntilQuiet(*loop_);
  EXPECT_EQ(accepted_.size(), 2u);
  EXPECT_FALSE(IsReset(clients_[2]));  // it waits in the queue
  accepted_.pop_back();
  TurnUntil(*loop_, [this] { return acceptor_->accepted() == 3; });
}

TEST_F(AcceptorTest, ResetsWhatIsOverAnAddressesShare) {
  options_.max_connections_per_address = 2;
  Start();
  Connect(3);
  TurnUntil(*loop_, [this] { return acceptor_->refused() == 1; });
  EXPECT_EQ(accepted_.size(), 2u);
  TurnUntil(*loop_, [this] { return IsReset(clients_[2]); });
  accepted_.clear();
  Connect(1);
  TurnUntil(*loop_, [this] { return accepted_.size() == 1; });
}

TEST_F(AcceptorTest, BoundsHandshakesUnderWayPerAddress) {
  options_.max_handshakes_per_address = 2;
  Start();
  Connect(3);
  TurnUntil(*loop_, [this] { return acceptor_->refused() == 1; });
  for (AcceptedConnection& connection : accepted_) {
    connection.slot.Established();
    connection.slot.Established();  // twice is once
  }
  Connect(3);
  TurnUntil(*loop_, [this] { return acceptor_->refused() == 2; });
  EXPECT_EQ(accepted_.size(), 4u);
}

TEST_F(AcceptorTest, PauseIsForGood) {
  Start();
  acceptor_->Pause();
  Connect(1);
  TurnUntilQuiet(*loop_);
  EXPECT_EQ(acceptor_->accepted(), 0u);
}

TEST_F(AcceptorTest, AFloodIsTakenInShares) {
  options_.share = 4;
  Start();
  Connect(10);
  loop_->TurnOnce(/*block=*/true);
  EXPECT_EQ(accepted_.size(), 4u);
  TurnUntil(*loop_, [this] { return accepted_.size() == 10; });
}

TEST_F(AcceptorTest, RunsOnAfterDescriptorsRanOut) {
  Start();
  Connect(1);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{3, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  TurnUntilQuiet(*loop_);
  EXPECT_EQ(accepted_.size(), 0u);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  TurnUntil(*loop_, [this] { return accepted_.size() == 1; });
}

}  // namespace
}  // namespace holt::worker
