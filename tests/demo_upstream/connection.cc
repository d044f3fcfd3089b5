#include "tests/demo_upstream/connection.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace holt::demo {
namespace {

constexpr size_t kReadSize = size_t{64} * 1024;
constexpr size_t kMaxEarly = size_t{64} * 1024;
constexpr int kPiecesPerTurn = 32;

bool WouldBlock() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

Connection::Connection(Loop& loop, UniqueFd socket, Service& service,
                       BodyBudget& budget, Owner& owner)
    : socket_(std::move(socket)),
      service_(service),
      owner_(owner),
      parser_(budget),
      event_(loop, socket_.get(), [this](uint32_t ready) { OnReady(ready); }),
      pause_(loop, [this] { Pump(); }) {
  UpdateInterest();
}

void Connection::OnReady(uint32_t ready) {
  if ((ready & FdEvent::kRead) != 0) Receive();
  if ((ready & FdEvent::kWrite) != 0) Pump();
}

void Connection::Receive() {
  if (closed_) return;
  static std::array<char, kReadSize> buffer;
  const ssize_t size = recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (size < 0 && WouldBlock()) return;
  if (size <= 0) return Close(/*by_reset=*/false);
  Take(absl::string_view(buffer.data(), static_cast<size_t>(size)));
}

void Connection::Take(absl::string_view bytes) {
  if (answer_ == nullptr) bytes.remove_prefix(parser_.Feed(bytes));
  early_.append(bytes.data(), bytes.size());
  if (answer_ == nullptr) StartAnswer();
  if (!closed_) UpdateInterest();
}

void Connection::StartAnswer() {
  switch (parser_.state()) {
    case RequestParser::State::kReading:
      return;
    case RequestParser::State::kWhole:
      answer_ = service_.Handle(parser_.request());
      break;
    case RequestParser::State::kRefused:
      answer_ = std::make_unique<FixedAnswer>(ErrorResponse(
          400, /*keep_alive=*/false, "this is no HTTP request, or too large"));
      break;
  }
  then_ = Answer::Then::kMore;
  waited_ = false;
  Pump();
}

void Connection::Pump() {
  for (int i = 0; i < kPiecesPerTurn && !closed_ && answer_ != nullptr; ++i) {
    if (!Flush() || !Advance()) break;
  }
  if (!closed_) UpdateInterest();
}

bool Connection::Flush() {
  while (written_ < outgoing_.size()) {
    const ssize_t size = send(socket_.get(), outgoing_.data() + written_,
                              outgoing_.size() - written_, MSG_NOSIGNAL);
    if (size < 0) {
      if (!WouldBlock()) Close(/*by_reset=*/false);
      return false;
    }
    written_ += static_cast<size_t>(size);
  }
  outgoing_.clear();
  written_ = 0;
  return true;
}

bool Connection::Advance() {
  switch (then_) {
    case Answer::Then::kEnd:
      FinishAnswer();
      return false;
    case Answer::Then::kReset:
      Close(/*by_reset=*/true);
      return false;
    case Answer::Then::kClose:
      Close(/*by_reset=*/false);
      return false;
    case Answer::Then::kMore:
      break;
  }
  if (pause_.pending()) return false;
  const absl::Duration wait = answer_->Wait();
  if (!waited_ && wait > absl::ZeroDuration()) {
    waited_ = true;
    pause_.Start(wait);
    return false;
  }
  waited_ = false;
  then_ = answer_->Produce(outgoing_);
  return true;
}

void Connection::FinishAnswer() {
  answer_->OnDelivered();
  answer_.reset();
  if (parser_.state() == RequestParser::State::kRefused ||
      !parser_.request().keep_alive) {
    return Close(/*by_reset=*/false);
  }
  parser_.Next();
  const std::string early = std::exchange(early_, {});
  if (!early.empty()) Take(early);
}

void Connection::Close(bool by_reset) {
  if (closed_) return;
  closed_ = true;
  if (by_reset) {
    const linger abort{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  }
  event_.SetInterest(0);
  pause_.Cancel();
  owner_.OnClosed(*this);
}

void Connection::UpdateInterest() {
  uint32_t interest = 0;
  if (early_.size() < kMaxEarly) interest |= FdEvent::kRead;
  // A piece that was made, or one that may be made at once.
  if (answer_ != nullptr &&
      (written_ < outgoing_.size() || !pause_.pending())) {
    interest |= FdEvent::kWrite;
  }
  event_.SetInterest(interest);
}

}  // namespace holt::demo
