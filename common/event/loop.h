// RAII over libevent: readiness and time only. One Loop per process, passed in,
// never looked up. Owning a FdEvent, Timer or SignalEvent is being registered;
// destroying it unregisters. Used by workers, connector, courier and test
// peers.
//
// Rule of deletion: an object never destroys itself inside its own callback. It
// hands itself to Loop::DeferDelete, which destroys it after the callbacks of
// this turn.
#ifndef HOLT_COMMON_EVENT_LOOP_H_
#define HOLT_COMMON_EVENT_LOOP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

struct event_base;
struct event;

namespace holt {

// Anything that may be handed to DeferDelete.
class Deletable {
 public:
  virtual ~Deletable() = default;
};

class Loop {
 public:
  static absl::StatusOr<std::unique_ptr<Loop>> Create();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Turns until Stop() (returns after the turn in which it was called).
  void Run();
  void Stop();
  // One turn: waits for at least one event when `block`, runs what is ready,
  // deletes what was deferred.
  void TurnOnce(bool block);

  // Destroys `object` at the end of this turn.
  void DeferDelete(std::unique_ptr<Deletable> object);
  // Runs `callback` at the end of this turn, before deferred deletions (or of
  // the next turn when called from there).
  void Defer(std::function<void()> callback);

  // CLOCK_BOOTTIME nanoseconds, read once per turn: what timers of this turn
  // compare with.
  [[nodiscard]] int64_t now_nanos() const { return now_nanos_; }

  [[nodiscard]] event_base* base() const { return base_; }

 private:
  explicit Loop(event_base* base) : base_(base) {}
  void EndTurn();
  event_base* base_;
  bool stopped_ = false;
  int64_t now_nanos_ = 0;
  std::vector<std::unique_ptr<Deletable>> deferred_deletes_;
  std::vector<std::function<void()>> deferred_calls_;
};

// Tells when a descriptor can be read or written. Persistent and
// level-triggered; starts with nothing enabled. Changing interest costs one
// system call, and only when it really changes.
class FdEvent {
 public:
  enum : uint32_t { kRead = 1, kWrite = 2 };
  // `callback` gets what is ready (a mask; when both are, perhaps in two
  // calls). It captures little: `this` of its owner. `fd` outlives the event.
  FdEvent(Loop& loop, int fd, std::function<void(uint32_t ready)> callback);
  ~FdEvent();
  FdEvent(const FdEvent&) = delete;
  FdEvent& operator=(const FdEvent&) = delete;

  void SetInterest(uint32_t mask);
  [[nodiscard]] uint32_t interest() const { return interest_; }

 private:
  static void Trampoline(int fd, short what, void* self);
  void Set(struct event* event, uint32_t bit, uint32_t mask);
  std::function<void(uint32_t)> callback_;
  // One for each direction: to change a single event would take libevent two
  // system calls.
  struct event* read_ = nullptr;
  struct event* write_ = nullptr;
  uint32_t interest_ = 0;
};

// Runs its callback once after a delay; can be set again.
class Timer {
 public:
  Timer(Loop& loop, std::function<void()> callback);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // (Re)starts it. Cheap: no system call of its own.
  void Start(absl::Duration delay);
  void Cancel();
  [[nodiscard]] bool pending() const { return pending_; }

 private:
  static void Trampoline(int fd, short what, void* self);
  std::function<void()> callback_;
  struct event* event_ = nullptr;
  bool pending_ = false;
};

// Runs its callback on the loop when the signal comes.
class SignalEvent {
 public:
  SignalEvent(Loop& loop, int signal, std::function<void()> callback);
  ~SignalEvent();
  SignalEvent(const SignalEvent&) = delete;
  SignalEvent& operator=(const SignalEvent&) = delete;

 private:
  static void Trampoline(int signal, short what, void* self);
  std::function<void()> callback_;
  struct event* event_ = nullptr;
};

}  // namespace holt

#endif  // HOLT_COMMON_EVENT_LOOP_H_
