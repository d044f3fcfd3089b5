// One connection of a worker, to a client or to an upstream: a transport driven
// from the loop, an input and an output buffer, and the times that a slow or
// silent peer is given. It knows no protocol. The peer is hostile.
//
// Ownership: whoever created it owns it, destroys it at any time but inside its
// callbacks (there: Close(), then Loop::DeferDelete). Loop, pool and handler
// outlive it. It never deletes itself.
#ifndef HOLT_WORKER_NET_CONNECTION_H_
#define HOLT_WORKER_NET_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "common/event/loop.h"
#include "worker/net/buffer.h"
#include "worker/net/transport.h"

namespace holt::worker {

//              Start()            handshake done
//   kIdle ------------> kHandshaking ----------> kOpen
//                            |                     | ShutdownWrite()
//                            |                     v
//                            |                 kFlushing   rest of the output
//                            |                     | all written
//                            |                     v
//                            |                 kHalfClosed  Discard(): what
//                            |                     |        comes is dropped
//                            v                     v
//                         kClosed  <--- from every state: Close(), Abort(), a
//                                       failure, a time that is over
enum class ConnectionState {
  kIdle,
  kHandshaking,
  kOpen,
  kFlushing,
  kHalfClosed,
  kClosed
};

// Why a connection closed although its owner did not close it.
enum class CloseReason {
  kHandshakeFailed,
  kHandshakeTimeout,
  kPeerGone,      // reset, or a broken record
  kWriteStalled,  // the peer does not read
  kOutOfBuffers,  // the pool had no room for output that was appended
  kDiscarded      // Discard() came to its end
};

// Callbacks come from the loop, never from inside a call of Connection.
class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  // The handshake is complete. Output that was appended before is sent.
  virtual void OnOpen() = 0;
  // input() grew, or input_ended() became true. While reading is paused only
  // the latter is told.
  virtual void OnInput() = 0;
  // The output was above the high mark when it was flushed, and has fallen to
  // the low mark.
  virtual void OnDrained() = 0;
  // It closed by itself. No callback follows. input() keeps what had come.
  virtual void OnClosed(CloseReason reason) = 0;
};

struct ConnectionOptions {
  absl::Duration handshake_timeout = absl::Seconds(10);
  // No progress of the socket for this long while output waits. (A reader that
  // makes some, but below 100 bytes a second over 120 s, is closed as well.)
  absl::Duration write_stall_timeout = absl::Seconds(60);
  // Read per turn of the loop, so that one busy peer does not keep the others
  // waiting.
  size_t read_share = 64 * 1024;
  // input() is not filled beyond this; reading goes on when it was consumed.
  size_t max_input = 256 * 1024;
  size_t high_mark = 512 * 1024;
  size_t low_mark = 256 * 1024;
};

class Connection final : public Deletable {
 public:
  static std::unique_ptr<Connection> Create(
      Loop& loop, BufferPool& pool, std::unique_ptr<Transport> transport,
      ConnectionHandler& handler, const ConnectionOptions& options);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Begins the handshake; OnOpen or OnClosed follows, later.
  void Start();

  [[nodiscard]] ConnectionState state() const { return state_; }
  [[nodiscard]] bool encrypted() const { return encrypted_; }

  // What has come and was not consumed. Consume inside OnInput, or between
  // PauseReading and ResumeReading: reading that stopped at max_input is taken
  // up again after those.
  ChunkBuffer& input() { return input_; }
  // The peer sends no more; all that it sent is in input().
  [[nodiscard]] bool input_ended() const { return input_ended_; }

  // What is to be sent. Appending sends nothing: Flush() does.
  ChunkBuffer& output() { return output_; }
  // Writes as much as the socket takes now, the rest when it takes more.
  // Several appends and one Flush make one system call. A failure is told by
  // OnClosed, later.
  void Flush();
  [[nodiscard]] bool output_above_high() const {
    return output_.size() > options_.high_mark;
  }

  // Stops reading; bytes stay in the kernel and hold the peer back. Pauses are
  // counted: reading goes on when each was taken back. A paused connection
  // still reads up to one block, silently, because only reading shows that a
  // peer went away: OnInput tells that input_ended(), OnClosed that it was
  // reset. After ResumeReading, OnInput comes for what was read meanwhile.
  void PauseReading();
  void ResumeReading();

  // Sends what is in the output, then ends the write side. What is appended
  // after this is not sent.
  void ShutdownWrite();
  // After ShutdownWrite: reads and drops what still comes until the peer
  // closes, at most `max_bytes`, and `timeout` from when the write side ended;
  // then closes and calls OnClosed. Lets a client that is still sending see an
  // early answer, which a reset would destroy.
  void Discard(size_t max_bytes, absl::Duration timeout);

  // Closes now: output that was not flushed is dropped, buffers are wiped, no
  // callback follows. May be called inside callbacks, and twice. Spans of
  // input() are void after it.
  void Close();
  // The same, with RST: the peer cannot take what it got for a whole.
  void Abort();

 private:
  Connection(Loop& loop, BufferPool& pool, std::unique_ptr<Transport> transport,
             ConnectionHandler& handler, const ConnectionOptions& options);

  void SetState(ConnectionState state);
  void OnReady(uint32_t ready);
  void OnWake();
  void OnDeadline();

  void ContinueHandshake();
  void AfterHandshakeStep(const IoResult& result);
  void OnHandshakeDone(bool more);

  void ReadTurn();
  // Reads into the input until the socket is empty, the share is used or there
  // is no room; the last result, with `more` when it stopped before the end.
  IoResult ReadShare();
  void TellInput(bool grew);
  void DropInput();
  [[nodiscard]] size_t ReadLimit() const;

  void WriteTurn();
  void WriteOutput();
  void WatchSlowReader(size_t written);
  void FinishShutdown();
  void TellDrained();

  void UpdateInterest();
  [[nodiscard]] uint32_t WantedInterest() const;
  void Wake() { wake_.Start(absl::ZeroDuration()); }
  void FailLater(CloseReason reason);
  void Fail(CloseReason reason);
  void Drop();

  Loop& loop_;
  ConnectionHandler& handler_;
  const ConnectionOptions options_;
  std::unique_ptr<Transport> transport_;  // null when closed
  const bool encrypted_;
  FdEvent event_;
  // Runs in the next turn: what must not happen inside a call of the owner, and
  // input that TLS holds although the socket is empty.
  Timer wake_;
  // One at a time: the handshake's, the slow reader's, or Discard's.
  Timer deadline_;
  ChunkBuffer input_;
  ChunkBuffer output_;

  ConnectionState state_ = ConnectionState::kIdle;
  std::optional<CloseReason> failure_;  // found inside a call of the owner
  int pauses_ = 0;
  bool input_ended_ = false;
  bool input_untold_ = false;  // grew while reading was paused
  bool read_again_ = false;    // the transport holds input of its own
  bool no_room_ = false;       // the pool is exhausted
  // What the socket must be ready for.
  uint32_t handshake_waits_for_ = 0;
  bool signature_awaited_ = false;
  uint32_t read_waits_for_ = FdEvent::kRead;
  uint32_t write_waits_for_ = 0;  // 0: nothing waits to be written
  bool drain_wanted_ = false;

  bool discarding_ = false;
  size_t discard_left_ = 0;
  absl::Duration discard_timeout_;

  // The stretch over which a slow reader's rate is measured.
  int64_t window_start_nanos_ = 0;
  size_t window_bytes_ = 0;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_NET_CONNECTION_H_
