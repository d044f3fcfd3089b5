#include "common/event/loop.h"

#include <event2/event.h>

#include "common/base/check.h"
#include "common/base/clock.h"

namespace holt {
namespace {

struct ConfigFree {
  void operator()(event_config* config) const { event_config_free(config); }
};

timeval WaitOf(absl::Duration delay) {
  return absl::ToTimeval(delay < absl::ZeroDuration() ? absl::ZeroDuration()
                                                      : delay);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Loop>> Loop::Create() {
  const std::unique_ptr<event_config, ConfigFree> config(event_config_new());
  if (config == nullptr ||
      event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK) != 0) {
    return absl::InternalError("cannot configure the event loop");
  }
  event_base* base = event_base_new_with_config(config.get());
  if (base == nullptr) return absl::InternalError("cannot make an event loop");
  auto loop = std::unique_ptr<Loop>(new Loop(base));
  loop->now_nanos_ = Clock::Real().BootNanos();
  return loop;
}

Loop::~Loop() {
  EndTurn();
  event_base_free(base_);
}

void Loop::Run() {
  stopped_ = false;
  while (!stopped_) TurnOnce(/*block=*/true);
}

void Loop::Stop() { stopped_ = true; }

void Loop::TurnOnce(bool block) {
  const bool work_waits = !deferred_calls_.empty();
  now_nanos_ = Clock::Real().BootNanos();
  event_base_loop(base_, block && !work_waits ? EVLOOP_ONCE
                                              : EVLOOP_ONCE | EVLOOP_NONBLOCK);
  now_nanos_ = Clock::Real().BootNanos();
  EndTurn();
}

void Loop::EndTurn() {
  std::vector<std::function<void()>> calls;
  calls.swap(deferred_calls_);
  for (std::function<void()>& call : calls) call();
  // Destructors may defer further objects: those wait for the next turn's end.
  std::vector<std::unique_ptr<Deletable>> dead;
  dead.swap(deferred_deletes_);
  for (std::unique_ptr<Deletable>& object : dead) object.reset();
}

void Loop::DeferDelete(std::unique_ptr<Deletable> object) {
  deferred_deletes_.push_back(std::move(object));
}

void Loop::Defer(std::function<void()> callback) {
  deferred_calls_.push_back(std::move(callback));
}

FdEvent::FdEvent(Loop& loop, int fd, std::function<void(uint32_t)> callback)
    : callback_(std::move(callback)) {
  read_ = event_new(loop.base(), fd, EV_READ | EV_PERSIST, &Trampoline, this);
  write_ = event_new(loop.base(), fd, EV_WRITE | EV_PERSIST, &Trampoline, this);
  HOLT_CHECK(read_ != nullptr && write_ != nullptr);
}

FdEvent::~FdEvent() {
  event_free(read_);
  event_free(write_);
}

void FdEvent::SetInterest(uint32_t mask) {
  Set(read_, kRead, mask);
  Set(write_, kWrite, mask);
  interest_ = mask;
}

void FdEvent::Set(struct event* event, uint32_t bit, uint32_t mask) {
  if ((mask & bit) == (interest_ & bit)) return;
  const bool wanted = (mask & bit) != 0;
  HOLT_CHECK((wanted ? event_add(event, nullptr) : event_del(event)) == 0);
}

void FdEvent::Trampoline(int /*fd*/, short what, void* self) {
  auto* event = static_cast<FdEvent*>(self);
  uint32_t ready = 0;
  if ((what & EV_READ) != 0) ready |= kRead;
  if ((what & EV_WRITE) != 0) ready |= kWrite;
  event->callback_(ready);
}

Timer::Timer(Loop& loop, std::function<void()> callback)
    : callback_(std::move(callback)) {
  event_ = evtimer_new(loop.base(), &Timer::Trampoline, this);
  HOLT_CHECK(event_ != nullptr);
}

Timer::~Timer() { event_free(event_); }

void Timer::Start(absl::Duration delay) {
  const timeval wait = WaitOf(delay);
  HOLT_CHECK(evtimer_add(event_, &wait) == 0);
  pending_ = true;
}

void Timer::Cancel() {
  if (!pending_) return;
  evtimer_del(event_);
  pending_ = false;
}

void Timer::Trampoline(int /*fd*/, short /*what*/, void* self) {
  auto* timer = static_cast<Timer*>(self);
  timer->pending_ = false;
  timer->callback_();
}

SignalEvent::SignalEvent(Loop& loop, int signal, std::function<void()> callback)
    : callback_(std::move(callback)) {
  event_ = evsignal_new(loop.base(), signal, &SignalEvent::Trampoline, this);
  HOLT_CHECK(event_ != nullptr);
  HOLT_CHECK(evsignal_add(event_, nullptr) == 0);
}

SignalEvent::~SignalEvent() { event_free(event_); }

void SignalEvent::Trampoline(int /*signal*/, short /*what*/, void* self) {
  static_cast<SignalEvent*>(self)->callback_();
}

}  // namespace holt
