#include "bench/load/load_run.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "common/base/unique_fd.h"
#include "common/event/loop.h"

namespace holt::bench {
namespace {

constexpr absl::string_view kAnswer =
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
constexpr absl::string_view kRequest = "GET / HTTP/1.1\r\n\r\n";

// Answers every request on its loopback port with the same bytes; closes the
// connection instead when there are none.
class FakeServer {
 public:
  FakeServer(Loop& loop, absl::string_view answer)
      : loop_(loop),
        answer_(answer),
        listener_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)),
        event_(loop, listener_.get(), [this](uint32_t) { Accept(); }) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address),
                   sizeof address),
              0);
    EXPECT_EQ(listen(listener_.get(), 64), 0);
    event_.SetInterest(FdEvent::kRead);
  }

  [[nodiscard]] Workload WorkloadFor() const {
    Workload workload;
    workload.address_size = sizeof workload.address;
    EXPECT_EQ(getsockname(listener_.get(),
                          reinterpret_cast<sockaddr*>(&workload.address),
                          &workload.address_size),
              0);
    workload.request = std::string(kRequest);
    return workload;
  }

 private:
  struct Peer {
    UniqueFd socket;
    std::unique_ptr<FdEvent> event;
  };

  void Accept() {
    auto peer = std::make_unique<Peer>();
    peer->socket.reset(
        accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK));
    Peer* const raw = peer.get();
    peer->event = std::make_unique<FdEvent>(
        loop_, raw->socket.get(), [this, raw](uint32_t) { Serve(*raw); });
    peer->event->SetInterest(FdEvent::kRead);
    peers_.push_back(std::move(peer));
  }

  void Serve(Peer& peer) {
    std::array<char, 256> bytes;
    const ssize_t size = recv(peer.socket.get(), bytes.data(), bytes.size(), 0);
    if (size > 0 && !answer_.empty()) {
      EXPECT_EQ(send(peer.socket.get(), answer_.data(), answer_.size(), 0),
                static_cast<ssize_t>(answer_.size()));
      return;
    }
    peer.event->SetInterest(0);
    shutdown(peer.socket.get(), SHUT_RDWR);
  }

  Loop& loop_;
  const absl::string_view answer_;
  UniqueFd listener_;
  FdEvent event_;
  std::vector<std::unique_ptr<Peer>> peers_;
};

class LoadRunTest : public testing::Test {
 protected:
  void SetUp() override { loop_ = *Loop::Create(); }

  Totals RunAgainst(const FakeServer& server, const RunLimits& limits,
                    uint32_t reconnect_every = 0) {
    Workload workload = server.WorkloadFor();
    workload.reconnect_every = reconnect_every;
    return LoadRun(*loop_, workload, limits).Run();
  }

  std::unique_ptr<Loop> loop_;
};

TEST_F(LoadRunTest, SendsExactlyWhatWasAskedFor) {
  FakeServer server(*loop_, kAnswer);
  const Totals totals = RunAgainst(server, {.connections = 3, .requests = 10});
  EXPECT_EQ(totals.succeeded, 10U);
  EXPECT_EQ(totals.connections, 3U);
  EXPECT_EQ(totals.body_bytes, 20U);
  EXPECT_EQ(totals.whole.count(), 10U);
  EXPECT_TRUE(totals.failures.empty());
}

TEST_F(LoadRunTest, ReconnectsWhenItIsDue) {
  FakeServer server(*loop_, kAnswer);
  const Totals totals = RunAgainst(server, {.connections = 1, .requests = 6},
                                   /*reconnect_every=*/2);
  EXPECT_EQ(totals.succeeded, 6U);
  EXPECT_EQ(totals.connections, 3U);
}

TEST_F(LoadRunTest, AnotherStatusIsNoSuccess) {
  FakeServer server(*loop_,
                    "HTTP/1.1 503 Unavailable\r\ncontent-length: 0\r\n\r\n");
  const Totals totals = RunAgainst(server, {.connections = 1, .requests = 2});
  EXPECT_EQ(totals.succeeded, 0U);
  EXPECT_EQ(totals.failures.at(Failure::kStatus), 2U);
  EXPECT_EQ(totals.statuses.at(503), 2U);
}

TEST_F(LoadRunTest, AServerThatClosesIsAskedAFewTimesOnly) {
  FakeServer server(*loop_, "");
  const Totals totals =
      RunAgainst(server, {.connections = 1, .requests = 1000});
  EXPECT_EQ(totals.succeeded, 0U);
  EXPECT_EQ(totals.failures.at(Failure::kClosed), 16U);
}

TEST_F(LoadRunTest, AStreamNeedsItsDone) {
  FakeServer server(*loop_, kAnswer);
  Workload workload = server.WorkloadFor();
  workload.is_stream = true;
  const Totals totals =
      LoadRun(*loop_, workload, {.connections = 1, .requests = 1}).Run();
  EXPECT_EQ(totals.failures.at(Failure::kNoDone), 1U);
}

TEST_F(LoadRunTest, WhatNeverEndsIsGivenUp) {
  FakeServer server(*loop_, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx");
  const Totals totals = RunAgainst(
      server,
      {.connections = 2, .requests = 2, .patience = absl::Milliseconds(1)});
  EXPECT_EQ(totals.failures.at(Failure::kStalled), 2U);
}

TEST_F(LoadRunTest, TheDurationEndsTheRun) {
  FakeServer server(*loop_, kAnswer);
  const Totals totals =
      RunAgainst(server, {.connections = 2, .duration = absl::Milliseconds(1)});
  EXPECT_GE(totals.succeeded, 2U);
  EXPECT_TRUE(totals.failures.empty());
}

}  // namespace
}  // namespace holt::bench
