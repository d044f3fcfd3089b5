#include "worker/net/connection.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace holt::worker {
namespace {

// Input that a paused connection takes to see whether the peer is still there.
constexpr size_t kPausedInput = kBlockSize;

// When the pool is exhausted, reading is tried again after this.
constexpr absl::Duration kNoRoomRetry = absl::Milliseconds(20);

// The least that a reader may be slow.
constexpr int64_t kRateWindowNanos = int64_t{120} * 1'000'000'000;
constexpr size_t kRateWindowBytes = 120 * 100;

bool MayFollow(ConnectionState from, ConnectionState to) {
  switch (from) {
    case ConnectionState::kIdle:
      return to == ConnectionState::kHandshaking ||
             to == ConnectionState::kClosed;
    case ConnectionState::kHandshaking:
      return to == ConnectionState::kOpen || to == ConnectionState::kClosed;
    case ConnectionState::kOpen:
      return to == ConnectionState::kFlushing || to == ConnectionState::kClosed;
    case ConnectionState::kFlushing:
      return to == ConnectionState::kHalfClosed ||
             to == ConnectionState::kClosed;
    case ConnectionState::kHalfClosed:
      return to == ConnectionState::kClosed;
    case ConnectionState::kClosed:
      return false;
  }
  return false;
}

}  // namespace

std::unique_ptr<Connection> Connection::Create(
    Loop& loop, BufferPool& pool, std::unique_ptr<Transport> transport,
    ConnectionHandler& handler, const ConnectionOptions& options) {
  HOLT_CHECK(transport != nullptr);
  return std::unique_ptr<Connection>(
      new Connection(loop, pool, std::move(transport), handler, options));
}

Connection::Connection(Loop& loop, BufferPool& pool,
                       std::unique_ptr<Transport> transport,
                       ConnectionHandler& handler,
                       const ConnectionOptions& options)
    : loop_(loop),
      handler_(handler),
      options_(options),
      transport_(std::move(transport)),
      encrypted_(transport_->encrypted()),
      event_(loop, transport_->fd(),
             [this](uint32_t ready) { OnReady(ready); }),
      wake_(loop, [this] { OnWake(); }),
      deadline_(loop, [this] { OnDeadline(); }),
      input_(pool),
      output_(pool) {}

Connection::~Connection() { Close(); }

void Connection::SetState(ConnectionState state) {
  HOLT_CHECK(MayFollow(state_, state));
  state_ = state;
}

void Connection::Start() {
  SetState(ConnectionState::kHandshaking);
  transport_->SetResume([this] { Wake(); });
  deadline_.Start(options_.handshake_timeout);
  const IoResult first = transport_->Handshake();
  switch (first.action) {
    case IoAction::kDone:
    case IoAction::kWantSignature:
      return Wake();
    case IoAction::kWantRead:
    case IoAction::kWantWrite:
      return AfterHandshakeStep(first);
    case IoAction::kEndOfStream:
    case IoAction::kFailed:
      return FailLater(CloseReason::kHandshakeFailed);
  }
}

void Connection::OnReady(uint32_t ready) {
  if (state_ == ConnectionState::kHandshaking) {
    // Not read before the signature is here, so it would be told again and
    // again. Rare: a client that waits for us has nothing to say.
    if (signature_awaited_) return event_.SetInterest(0);
    return ContinueHandshake();
  }
  if ((ready & write_waits_for_) != 0) WriteTurn();
  if (state_ == ConnectionState::kClosed) return;
  if ((ready & read_waits_for_) != 0) ReadTurn();
  UpdateInterest();
}

void Connection::OnWake() {
  if (state_ == ConnectionState::kHandshaking) {
    return failure_.has_value() ? Fail(*failure_) : ContinueHandshake();
  }
  no_room_ = false;
  const bool readable = !failure_.has_value() || !encrypted_;
  if (input_untold_ && pauses_ == 0) TellInput(/*grew=*/true);
  if (state_ == ConnectionState::kClosed) return;
  // An upstream that stopped reading may have answered before: that answer is
  // still to be had from a plain socket whose write side failed.
  if (readable && (read_again_ || failure_.has_value())) ReadTurn();
  if (state_ == ConnectionState::kClosed) return;
  if (failure_.has_value()) return Fail(*failure_);
  if (discarding_) DropInput();
  TellDrained();
  UpdateInterest();
}

void Connection::OnDeadline() {
  if (state_ == ConnectionState::kHandshaking) {
    Fail(CloseReason::kHandshakeTimeout);
  } else if (state_ == ConnectionState::kHalfClosed) {
    Fail(CloseReason::kDiscarded);
  } else {
    Fail(CloseReason::kWriteStalled);
  }
}

void Connection::ContinueHandshake() {
  AfterHandshakeStep(transport_->Handshake());
}

void Connection::AfterHandshakeStep(const IoResult& result) {
  signature_awaited_ = false;
  switch (result.action) {
    case IoAction::kDone:
      return OnHandshakeDone(result.more);
    case IoAction::kWantRead:
      handshake_waits_for_ = FdEvent::kRead;
      break;
    case IoAction::kWantWrite:
      handshake_waits_for_ = FdEvent::kWrite;
      break;
    case IoAction::kWantSignature:
      // The interest stays: to change it twice would cost two system calls.
      signature_awaited_ = true;
      return;
    case IoAction::kEndOfStream:
    case IoAction::kFailed:
      return Fail(CloseReason::kHandshakeFailed);
  }
  UpdateInterest();
}

void Connection::OnHandshakeDone(bool more) {
  deadline_.Cancel();
  SetState(ConnectionState::kOpen);
  handler_.OnOpen();
  if (state_ == ConnectionState::kClosed) return;
  Flush();
  // A request may have come in one packet with the end of the handshake.
  if (more) ReadTurn();
  UpdateInterest();
}

size_t Connection::ReadLimit() const {
  if (discarding_) return discard_left_;
  const size_t most = pauses_ > 0 ? kPausedInput : options_.max_input;
  return most - std::min(most, input_.size());
}

IoResult Connection::ReadShare() {
  size_t share = options_.read_share;
  while (share > 0) {
    const size_t limit = std::min(share, ReadLimit());
    if (limit == 0) break;
    const absl::Span<uint8_t> tail = input_.Tail();
    if (tail.empty()) {
      input_.Commit(0);
      no_room_ = true;
      break;
    }
    const size_t size = std::min(tail.size(), limit);
    const IoResult result = transport_->Read(tail.first(size));
    input_.Commit(result.bytes);
    share -= result.bytes;
    if (discarding_) DropInput();
    if (result.action != IoAction::kDone || !result.more) return result;
  }
  return {IoAction::kDone, 0, /*more=*/true};
}

void Connection::ReadTurn() {
  if (input_ended_) return;
  const size_t before = input_.size();
  const IoResult last = ReadShare();
  read_waits_for_ = FdEvent::kRead;
  read_again_ = false;
  switch (last.action) {
    case IoAction::kDone:
      // A plain socket tells by itself that it holds more.
      read_again_ = last.more && encrypted_;
      break;
    case IoAction::kWantRead:
    case IoAction::kWantSignature:
      break;
    case IoAction::kWantWrite:
      read_waits_for_ = FdEvent::kWrite;
      break;
    case IoAction::kEndOfStream:
      input_ended_ = true;
      break;
    case IoAction::kFailed:
      return Fail(CloseReason::kPeerGone);
  }
  if (no_room_) {
    wake_.Start(kNoRoomRetry);
  } else if (read_again_ && ReadLimit() > 0) {
    Wake();
  }
  TellInput(input_.size() > before);
}

void Connection::TellInput(bool grew) {
  if (discarding_) return DropInput();
  if (pauses_ > 0 && !input_ended_) {
    input_untold_ = input_untold_ || grew;
    return;
  }
  if (!grew && !input_ended_) return;
  input_untold_ = false;
  handler_.OnInput();
  if (state_ == ConnectionState::kClosed) return;
  // The handler made room for what the transport holds.
  if (read_again_ && !wake_.pending() && ReadLimit() > 0) Wake();
}

void Connection::DropInput() {
  discard_left_ -= std::min(discard_left_, input_.size());
  input_.Clear();
  const bool over = input_ended_ || discard_left_ == 0;
  if (over && state_ == ConnectionState::kHalfClosed) {
    FailLater(CloseReason::kDiscarded);
  }
}

void Connection::PauseReading() { ++pauses_; }

void Connection::ResumeReading() {
  HOLT_CHECK(pauses_ > 0);
  if (--pauses_ > 0 || state_ == ConnectionState::kClosed) return;
  if (input_untold_ || read_again_) Wake();
  UpdateInterest();
}

void Connection::Flush() {
  if (state_ != ConnectionState::kOpen || failure_.has_value()) return;
  if (output_.overflowed()) return FailLater(CloseReason::kOutOfBuffers);
  if (output_above_high()) drain_wanted_ = true;
  // While the socket is full there is nothing to try.
  if (output_.empty() || write_waits_for_ != 0) return;
  WriteOutput();
  if (drain_wanted_ && output_.size() <= options_.low_mark) Wake();
  UpdateInterest();
}

void Connection::WriteTurn() {
  WriteOutput();
  if (failure_.has_value()) return;
  if (state_ == ConnectionState::kFlushing && output_.empty()) FinishShutdown();
  TellDrained();
}

void Connection::WriteOutput() {
  const IoResult result = transport_->Write(output_);
  switch (result.action) {
    case IoAction::kDone:
      write_waits_for_ = 0;
      window_start_nanos_ = 0;
      deadline_.Cancel();
      return;
    case IoAction::kWantWrite:
    case IoAction::kWantSignature:
      write_waits_for_ = FdEvent::kWrite;
      break;
    case IoAction::kWantRead:
      write_waits_for_ = FdEvent::kRead;
      break;
    case IoAction::kEndOfStream:
    case IoAction::kFailed:
      write_waits_for_ = 0;
      return FailLater(CloseReason::kPeerGone);
  }
  WatchSlowReader(result.bytes);
}

void Connection::WatchSlowReader(size_t written) {
  if (written > 0 || !deadline_.pending()) {
    deadline_.Start(options_.write_stall_timeout);
  }
  window_bytes_ += written;
  const int64_t now = loop_.now_nanos();
  if (window_start_nanos_ == 0) {
    window_start_nanos_ = now;
    window_bytes_ = 0;
  } else if (now - window_start_nanos_ >= kRateWindowNanos) {
    if (window_bytes_ < kRateWindowBytes) {
      FailLater(CloseReason::kWriteStalled);
    }
    window_start_nanos_ = now;
    window_bytes_ = 0;
  }
}

void Connection::TellDrained() {
  if (state_ != ConnectionState::kOpen || !drain_wanted_) return;
  if (output_.size() > options_.low_mark) return;
  drain_wanted_ = false;
  handler_.OnDrained();
}

void Connection::ShutdownWrite() {
  if (state_ != ConnectionState::kOpen) return;
  Flush();
  SetState(ConnectionState::kFlushing);
  if (output_.empty() && !failure_.has_value()) FinishShutdown();
  UpdateInterest();
}

void Connection::FinishShutdown() {
  const IoResult result = transport_->ShutdownWrite();
  if (result.action == IoAction::kWantWrite) {
    write_waits_for_ = FdEvent::kWrite;
    return WatchSlowReader(0);
  }
  if (result.action != IoAction::kDone) {
    return FailLater(CloseReason::kPeerGone);
  }
  deadline_.Cancel();
  SetState(ConnectionState::kHalfClosed);
  if (!discarding_) return;
  deadline_.Start(discard_timeout_);
  DropInput();
}

void Connection::Discard(size_t max_bytes, absl::Duration timeout) {
  if (state_ != ConnectionState::kFlushing &&
      state_ != ConnectionState::kHalfClosed) {
    return;
  }
  discarding_ = true;
  discard_left_ = max_bytes;
  discard_timeout_ = timeout;
  if (state_ == ConnectionState::kHalfClosed) deadline_.Start(timeout);
  Wake();
  UpdateInterest();
}

uint32_t Connection::WantedInterest() const {
  if (state_ == ConnectionState::kHandshaking) return handshake_waits_for_;
  uint32_t wanted = write_waits_for_;
  if (!input_ended_ && !no_room_ && ReadLimit() > 0) wanted |= read_waits_for_;
  return wanted;
}

void Connection::UpdateInterest() {
  if (state_ == ConnectionState::kIdle || state_ == ConnectionState::kClosed) {
    return;
  }
  event_.SetInterest(failure_.has_value() ? 0 : WantedInterest());
}

void Connection::FailLater(CloseReason reason) {
  if (!failure_.has_value()) failure_ = reason;
  UpdateInterest();
  Wake();
}

void Connection::Fail(CloseReason reason) {
  Drop();
  handler_.OnClosed(reason);
}

void Connection::Drop() {
  if (state_ == ConnectionState::kClosed) return;
  SetState(ConnectionState::kClosed);
  event_.SetInterest(0);
  wake_.Cancel();
  deadline_.Cancel();
  output_.Clear();
  // Never inside a call of the transport: those call nobody back.
  transport_.reset();
}

void Connection::Close() {
  Drop();
  input_.Clear();
}

void Connection::Abort() {
  event_.SetInterest(0);
  if (transport_ != nullptr) transport_->Reset();
  Close();
}

}  // namespace holt::worker
