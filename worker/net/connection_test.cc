#include "worker/net/connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>

#include "worker/net/testing/handlers.h"
#include "worker/net/testing/sockets.h"

namespace holt::worker {
namespace {

// Counts the calls that reach the socket.
class CountingTransport final : public Transport {
 public:
  explicit CountingTransport(UniqueFd socket) : plain_(std::move(socket)) {}
  int fd() const override { return plain_.fd(); }
  bool encrypted() const override { return false; }
  void SetResume(std::function<void()> /*resume*/) override {}
  IoResult Handshake() override { return next_handshake; }
  IoResult Read(absl::Span<uint8_t> to) override {
    ++reads;
    return plain_.Read(to);
  }
  IoResult Write(ChunkBuffer& output) override {
    ++writes;
    return plain_.Write(output);
  }
  IoResult ShutdownWrite() override { return plain_.ShutdownWrite(); }
  void Reset() override { plain_.Reset(); }

  IoResult next_handshake{IoAction::kDone};
  int reads = 0;
  int writes = 0;

 private:
  PlainTransport plain_;
};

class ConnectionTest : public testing::Test {
 protected:
  void SetUp() override {
    loop_ = *Loop::Create();
    SocketPair pair = ConnectedPair();
    peer_ = std::move(pair.theirs);
    auto transport = std::make_unique<CountingTransport>(std::move(pair.ours));
    transport_ = transport.get();
    held_ = std::move(transport);
  }

  // Makes the connection, without starting it.
  void Make() {
    connection_ =
        Connection::Create(*loop_, pool_, std::move(held_), handler_, options_);
    handler_.connection = connection_.get();
  }
  void Open() {
    Make();
    connection_->Start();
    TurnUntil(*loop_, [this] { return handler_.opened; });
  }
  void Send(absl::string_view text) { connection_->output().Append(text); }
  void PeerSends(absl::string_view text) {
    ASSERT_EQ(WriteAvailable(peer_.get(), text), text.size());
  }
  // Fills the output until the peer would have to read.
  void Clog() {
    const std::string piece(64 * 1024, 'x');
    while (connection_->output().empty()) {
      Send(piece);
      connection_->Flush();
    }
  }
  bool PeerSeesReset() {
    char byte = 0;
    return recv(peer_.get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET;
  }
  bool PeerSeesEnd() {
    char byte = 0;
    return recv(peer_.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }
  bool Closed() const { return handler_.closed.has_value(); }

  std::unique_ptr<Loop> loop_;
  BufferPool pool_{size_t{64} << 20};
  UniqueFd peer_;
  CountingTransport* transport_ = nullptr;
  std::unique_ptr<Transport> held_;
  RecordingHandler handler_;
  ConnectionOptions options_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(ConnectionTest, NothingIsCalledBackInsideStart) {
  Make();
  connection_->Start();
  EXPECT_FALSE(handler_.opened);
  TurnUntil(*loop_, [this] { return handler_.opened; });
  EXPECT_EQ(connection_->state(), ConnectionState::kOpen);
}

TEST_F(ConnectionTest, InputArrives) {
  Open();
  PeerSends("hello");
  TurnUntil(*loop_, [this] { return handler_.text == "hello"; });
}

TEST_F(ConnectionTest, AShortReadIsNotFollowedByAnother) {
  Open();
  PeerSends("hello");
  TurnUntil(*loop_, [this] { return handler_.text == "hello"; });
  TurnUntilQuiet(*loop_);
  EXPECT_EQ(transport_->reads, 1);
}

TEST_F(ConnectionTest, SeveralAppendsAndOneFlushAreOneWrite) {
  Open();
  Send("head ");
  Send(std::string(40'000, 'b'));
  Send(" tail");
  connection_->Flush();
  EXPECT_EQ(transport_->writes, 1);
  EXPECT_EQ(ReadAvailable(peer_.get()).size(), 40'010u);
}

TEST_F(ConnectionTest, OutputOfBeforeTheOpeningIsSentAfterIt) {
  Make();
  Send("early");
  connection_->Flush();
  EXPECT_EQ(transport_->writes, 0);
  connection_->Start();
  TurnUntil(*loop_, [this] { return ReadAvailable(peer_.get()) == "early"; });
}

TEST_F(ConnectionTest, ATurnReadsNoMoreThanItsShare) {
  options_.read_share = 10'000;
  Open();
  PeerSends(std::string(25'000, 'x'));
  size_t most = 0;
  size_t before = 0;
  handler_.on_input = [&] {
    most = std::max(most, handler_.text.size() - before);
    before = handler_.text.size();
  };
  TurnUntil(*loop_, [this] { return handler_.text.size() == 25'000; });
  EXPECT_LE(most, 10'000u);
}

TEST_F(ConnectionTest, InputThatIsNotConsumedStopsTheReading) {
  options_.max_input = 20'000;
  Open();
  handler_.keep_input = true;
  WriteAvailable(peer_.get(), std::string(200'000, 'x'));
  TurnUntil(*loop_, [this] { return connection_->input().size() == 20'000; });
  TurnUntilQuiet(*loop_);
  EXPECT_EQ(connection_->input().size(), 20'000u);
}

TEST_F(ConnectionTest, EndOfInputIsTold) {
  Open();
  PeerSends("last");
  shutdown(peer_.get(), SHUT_WR);
  TurnUntil(*loop_, [this] { return handler_.ended; });
  EXPECT_EQ(handler_.text, "last");
  EXPECT_EQ(connection_->state(), ConnectionState::kOpen);
  Send("answer");
  connection_->Flush();
  EXPECT_EQ(ReadAvailable(peer_.get()), "answer");
}

TEST_F(ConnectionTest, ResetOfThePeerClosesIt) {
  Open();
  CloseWithReset(std::move(peer_));
  TurnUntil(*loop_, [this] { return Closed(); });
  EXPECT_EQ(handler_.closed, CloseReason::kPeerGone);
}

TEST_F(ConnectionTest, PausedConnectionTellsNothingButKeepsItForLater) {
  Open();
  connection_->PauseReading();
  PeerSends("hello");
  TurnUntilQuiet(*loop_);
  EXPECT_EQ(handler_.inputs, 0);
  connection_->ResumeReading();
  TurnUntil(*loop_, [this] { return handler_.text == "hello"; });
}

TEST_F(ConnectionTest, PausedConnectionHoldsThePeerBack) {
  Open();
  connection_->PauseReading();
  WriteAvailable(peer_.get(), std::string(200'000, 'x'));
  TurnUntilQuiet(*loop_);
  EXPECT_LE(connection_->input().size(), kBlockSize);
}

TEST_F(ConnectionTest, PausesAreCounted) {
  Open();
  connection_->PauseReading();
  connection_->PauseReading();
  connection_->ResumeReading();
  PeerSends("hello");
  TurnUntilQuiet(*loop_);
  EXPECT_EQ(handler_.inputs, 0);
  connection_->ResumeReading();
  TurnUntil(*loop_, [this] { return handler_.text == "hello"; });
}

TEST_F(ConnectionTest, PausedConnectionNoticesThatThePeerLeft) {
  Open();
  connection_->PauseReading();
  peer_.reset();
  TurnUntil(*loop_, [this] { return handler_.ended; });
}

TEST_F(ConnectionTest, PausedConnectionNoticesAReset) {
  Open();
  connection_->PauseReading();
  CloseWithReset(std::move(peer_));
  TurnUntil(*loop_, [this] { return Closed(); });
}

TEST_F(ConnectionTest, OutputBeyondTheHighMarkDrainsToTheLowMark) {
  options_.high_mark = 100'000;
  options_.low_mark = 50'000;
  Open();
  Clog();
  Send(std::string(150'000, 'y'));
  connection_->Flush();
  EXPECT_TRUE(connection_->output_above_high());
  size_t left = 0;
  handler_.on_drained = [&] { left = connection_->output().size(); };
  TurnUntil(*loop_, [this] {
    ReadAvailable(peer_.get());
    return handler_.drained > 0;
  });
  EXPECT_LE(left, 50'000u);
  EXPECT_EQ(handler_.drained, 1);
}

TEST_F(ConnectionTest, OutputThatGoesAtOnceIsToldAsDrainedToo) {
  options_.high_mark = 10;
  options_.low_mark = 5;
  Open();
  Send("more than ten bytes");
  EXPECT_TRUE(connection_->output_above_high());
  connection_->Flush();
  EXPECT_EQ(handler_.drained, 0);  // not inside the call
  TurnUntil(*loop_, [this] { return handler_.drained == 1; });
}

TEST_F(ConnectionTest, AFullSocketIsNotTriedAgainByFlush) {
  Open();
  Clog();
  const int writes = transport_->writes;
  Send("more");
  connection_->Flush();
  connection_->Flush();
  EXPECT_EQ(transport_->writes, writes);
}

TEST_F(ConnectionTest, PeerThatDoesNotReadIsClosed) {
  options_.write_stall_timeout = absl::Milliseconds(1);
  Open();
  Clog();
  TurnUntil(*loop_, [this] { return Closed(); });
  EXPECT_EQ(handler_.closed, CloseReason::kWriteStalled);
}

TEST_F(ConnectionTest, PeerThatReadsIsNotStalled) {
  options_.write_stall_timeout = absl::Seconds(3600);
  Open();
  Clog();
  TurnUntil(*loop_, [this] {
    ReadAvailable(peer_.get());
    return connection_->output().empty();
  });
  EXPECT_FALSE(Closed());
}

TEST_F(ConnectionTest, HandshakeHasItsTime) {
  options_.handshake_timeout = absl::Milliseconds(1);
  transport_->next_handshake = {IoAction::kWantRead};
  Make();
  connection_->Start();
  TurnUntil(*loop_, [this] { return Closed(); });
  EXPECT_EQ(handler_.closed, CloseReason::kHandshakeTimeout);
  EXPECT_FALSE(handler_.opened);
}

TEST_F(ConnectionTest, FailedHandshakeCloses) {
  transport_->next_handshake = {IoAction::kFailed};
  Make();
  connection_->Start();
  TurnUntil(*loop_, [this] { return Closed(); });
  EXPECT_EQ(handler_.closed, CloseReason::kHandshakeFailed);
}

TEST_F(ConnectionTest, ShutdownSendsTheOutputFirst) {
  Open();
  Clog();
  Send("the end");
  connection_->ShutdownWrite();
  EXPECT_EQ(connection_->state(), ConnectionState::kFlushing);
  std::string seen;
  TurnUntil(*loop_, [&] {
    seen += ReadAvailable(peer_.get());
    return connection_->state() == ConnectionState::kHalfClosed;
  });
  seen += ReadAvailable(peer_.get());
  EXPECT_EQ(seen.substr(seen.size() - 7), "the end");
  EXPECT_TRUE(PeerSeesEnd());
}

TEST_F(ConnectionTest, DiscardLetsASendingPeerSeeTheAnswer) {
  Open();
  Send("413");
  connection_->Flush();
  connection_->ShutdownWrite();
  connection_->Discard(1 << 20, absl::Seconds(3600));
  size_t sent = 0;
  TurnUntil(*loop_, [&] {
    sent += WriteAvailable(peer_.get(), std::string(50'000, 'u'));
    return sent >= 500'000;
  });
  EXPECT_EQ(ReadAvailable(peer_.get()), "413");
  EXPECT_FALSE(Closed());
  EXPECT_EQ(handler_.inputs, 0);
  peer_.reset();
  TurnUntil(*loop_, [this] { return Closed(); });
  EXPECT_EQ(handler_.closed, CloseReason::kDiscarded);
}

TEST_F(ConnectionTest, DiscardEndsAtItsBound) {
  Open();
  connection_->ShutdownWrite();
  connection_->Discard(100'000, absl::Seconds(3600));
  TurnUntil(*loop_, [this] {
    WriteAvailable(peer_.get(), std::string(50'000, 'u'));
    return Closed();
  });
}

TEST_F(ConnectionTest, DiscardEndsAtItsTime) {
  Open();
  connection_->ShutdownWrite();
  connection_->Discard(100'000, absl::Milliseconds(1));
  TurnUntil(*loop_, [this] { return Closed(); });
  EXPECT_EQ(handler_.closed, CloseReason::kDiscarded);
}

TEST_F(ConnectionTest, DiscardEndsWhenThePeerHadEndedBefore) {
  Open();
  shutdown(peer_.get(), SHUT_WR);
  TurnUntil(*loop_, [this] { return handler_.ended; });
  connection_->ShutdownWrite();
  connection_->Discard(100'000, absl::Seconds(3600));
  TurnUntil(*loop_, [this] { return Closed(); });
}

TEST_F(ConnectionTest, CloseInsideACallbackIsTheLastOne) {
  Open();
  handler_.on_input = [this] { connection_->Close(); };
  PeerSends("hello");
  TurnUntil(*loop_, [this] { return handler_.inputs == 1; });
  EXPECT_EQ(connection_->state(), ConnectionState::kClosed);
  EXPECT_TRUE(PeerSeesEnd());
  TurnUntilQuiet(*loop_);
  EXPECT_FALSE(Closed());
}

TEST_F(ConnectionTest, DeletionAfterCloseInsideACallbackIsSafe) {
  Open();
  handler_.on_input = [this] {
    connection_->Close();
    loop_->DeferDelete(std::move(connection_));
  };
  PeerSends("hello");
  TurnUntil(*loop_, [this] { return connection_ == nullptr; });
  TurnUntilQuiet(*loop_);
}

TEST_F(ConnectionTest, AbortIsSeenAsAReset) {
  Open();
  connection_->Abort();
  EXPECT_TRUE(PeerSeesReset());
}

TEST_F(ConnectionTest, CallsAfterCloseDoNothing) {
  Open();
  connection_->Close();
  Send("nothing");
  connection_->Flush();
  connection_->ShutdownWrite();
  connection_->Discard(1, absl::Seconds(1));
  connection_->PauseReading();
  connection_->ResumeReading();
  connection_->Close();
  connection_->Abort();
  TurnUntilQuiet(*loop_);
  EXPECT_FALSE(Closed());
}

TEST_F(ConnectionTest, OutputWithAHoleIsNeverSent) {
  BufferPool small(2 * kBlockSize);
  connection_ =
      Connection::Create(*loop_, small, std::move(held_), handler_, options_);
  handler_.connection = connection_.get();
  connection_->Start();
  TurnUntil(*loop_, [this] { return handler_.opened; });
  Send("head");
  Send(std::string(3 * kBlockSize, 'x'));
  Send("tail");
  connection_->Flush();
  TurnUntil(*loop_, [this] { return Closed(); });
  EXPECT_EQ(handler_.closed, CloseReason::kOutOfBuffers);
  EXPECT_EQ(ReadAvailable(peer_.get()), "");
  connection_.reset();
}

TEST_F(ConnectionTest, ExhaustedPoolDelaysReadingInsteadOfLosingIt) {
  BufferPool small(kBlockSize);
  ChunkBuffer hog(small);
  hog.Append("x");
  connection_ =
      Connection::Create(*loop_, small, std::move(held_), handler_, options_);
  handler_.connection = connection_.get();
  connection_->Start();
  PeerSends("hello");
  TurnUntil(*loop_, [this] { return handler_.opened; });
  TurnUntilQuiet(*loop_);
  EXPECT_EQ(handler_.text, "");
  hog.Clear();
  TurnUntil(*loop_, [this] { return handler_.text == "hello"; });
  connection_.reset();
}

TEST_F(ConnectionTest, AnswerThatCameBeforeTheWriteFailedIsStillRead) {
  Open();
  PeerSends("413 too large");
  CloseWithReset(std::move(peer_));
  Send("the rest of the body");
  connection_->Flush();
  TurnUntil(*loop_, [this] { return Closed(); });
  EXPECT_EQ(handler_.text, "413 too large");
  EXPECT_EQ(handler_.closed, CloseReason::kPeerGone);
}

TEST_F(ConnectionTest, CloseInsideOnOpenIsTheLastCallback) {
  Make();
  Send("never");
  handler_.on_open = [this] { connection_->Close(); };
  connection_->Start();
  PeerSends("hello");
  TurnUntil(*loop_, [this] { return handler_.opened; });
  TurnUntilQuiet(*loop_);
  EXPECT_EQ(handler_.inputs, 0);
  EXPECT_FALSE(Closed());
}

TEST_F(ConnectionTest, IdleConnectionHoldsNoBlock) {
  Open();
  PeerSends("hello");
  TurnUntil(*loop_, [this] { return handler_.text == "hello"; });
  EXPECT_EQ(pool_.used_bytes(), 0u);
}

}  // namespace
}  // namespace holt::worker
