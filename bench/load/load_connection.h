// One client of the load: dials, sends its request, reads the answer, and again
// until its share is done. Runs in the load generator, on its loop.
//
//   dialling -> sending -> receiving -> sending ...
//      ^           |           |
//      +-----------+-----------+--> resting (share done, run stopped)
//        failure, or reconnect due
#ifndef HOLT_BENCH_LOAD_LOAD_CONNECTION_H_
#define HOLT_BENCH_LOAD_LOAD_CONNECTION_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bench/load/client_stream.h"
#include "bench/load/dial_gate.h"
#include "bench/load/response_reader.h"
#include "bench/load/tls_client.h"
#include "bench/load/totals.h"
#include "common/base/clock.h"
#include "common/event/loop.h"

namespace holt::bench {

// What all connections of a run do.
struct Workload {
  sockaddr_storage address{};
  socklen_t address_size = 0;
  TlsClient* tls = nullptr;  // null: plain
  std::string request;
  bool is_stream = false;
  uint32_t reconnect_every = 0;  // 0: only when the server closes
};

// What all connections of a run share while it goes on.
struct RunState {
  DialGate& gate;
  Totals& totals;
};

class LoadConnection {
 public:
  // Everything referred to outlives the connection. `on_rest` is called once,
  // when the connection will send nothing more; it stays open.
  LoadConnection(Loop& loop, const Workload& workload, const RunState& run,
                 uint64_t share, std::function<void()> on_rest);
  LoadConnection(const LoadConnection&) = delete;
  LoadConnection& operator=(const LoadConnection&) = delete;

  // Dials; answers come when the loop runs.
  void Start();
  // Rests after the answer that is under way.
  void StopSoon() { share_ = 0; }
  // Counts what is under way as stalled, and rests.
  void GiveUp();

 private:
  enum class Phase { kDialling, kSending, kReceiving, kResting };

  void AskToDial();
  void Dial();
  void OnReady();
  void Advance();
  void Connected();
  void BeginRequest();
  void Receive();
  // False: the answer is whole, or is no answer.
  bool Take(absl::string_view bytes);
  void EndRequest();
  void NextRequest(bool keep_alive);
  void Fail(Failure failure);
  // What the stream waits for; kClosed fails the request.
  void Await(ClientStream::Step step, Failure on_close);
  void Rest();
  [[nodiscard]] absl::Duration SinceNanos(int64_t start) const;

  Loop& loop_;
  const Workload& workload_;
  DialGate& gate_;
  Totals& totals_;
  uint64_t share_;
  std::function<void()> on_rest_;

  Phase phase_ = Phase::kResting;
  std::unique_ptr<ClientStream> stream_;
  std::unique_ptr<FdEvent> event_;
  ResponseReader reader_;
  absl::string_view unsent_;
  uint32_t requests_here_ = 0;  // over this stream
  uint32_t failures_in_a_row_ = 0;
  bool has_first_byte_ = false;
  int64_t dialled_at_ = 0;
  int64_t asked_at_ = 0;
};

}  // namespace holt::bench

#endif  // HOLT_BENCH_LOAD_LOAD_CONNECTION_H_
