// Bounds how many connections of a run are being made at one time and in one
// second: a gateway refuses an address that opens too many at once, and signs
// only so many handshakes a second. Runs in the load generator, on its loop.
#ifndef HOLT_BENCH_LOAD_DIAL_GATE_H_
#define HOLT_BENCH_LOAD_DIAL_GATE_H_

#include <cstdint>
#include <deque>
#include <functional>

#include "common/event/loop.h"

namespace holt::bench {

class DialGate {
 public:
  // `per_second` 0: no bound.
  DialGate(Loop& loop, uint32_t at_once, uint32_t per_second);
  DialGate(const DialGate&) = delete;
  DialGate& operator=(const DialGate&) = delete;

  // Runs `dial` as soon as there is room, in the order of the calls, at once if
  // there is room now. Each run is ended by one Leave.
  void Enter(std::function<void()> dial);
  void Leave();

 private:
  void Pump();

  Loop& loop_;
  const uint32_t at_once_;
  const int64_t interval_nanos_;
  Timer timer_;
  std::deque<std::function<void()>> waiting_;
  uint32_t inside_ = 0;
  int64_t next_at_nanos_ = 0;
};

}  // namespace holt::bench

#endif  // HOLT_BENCH_LOAD_DIAL_GATE_H_
