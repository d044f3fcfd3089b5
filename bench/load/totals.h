// What a run of the load generator counted.
#ifndef HOLT_BENCH_LOAD_TOTALS_H_
#define HOLT_BENCH_LOAD_TOTALS_H_

#include <cstdint>
#include <map>
#include <string>

#include "bench/load/latency_histogram.h"

namespace holt::bench {

// Why a request has no whole answer of status 200.
enum class Failure {
  kConnect,  // no connection, or no handshake
  kClosed,   // the connection ended before its answer did
  kNoHttp,   // the answer breaks HTTP
  kStatus,   // a whole answer, of another status
  kNoDone,   // a stream without [DONE] at its end
  kStalled,  // nothing moved any more when the run was given up
};

struct Totals {
  uint64_t succeeded = 0;
  std::map<Failure, uint64_t> failures;
  std::map<int, uint64_t> statuses;

  // Of answers that succeeded.
  uint64_t chunks = 0;
  uint64_t events = 0;
  uint64_t body_bytes = 0;

  uint64_t bytes_in = 0;  // of all answers, with their heads, without TLS
  uint64_t connections = 0;
  uint64_t full_handshakes = 0;
  uint64_t resumed_handshakes = 0;
  std::string tls;  // version, cipher and group of the last full handshake

  LatencyHistogram connect;  // to the end of the handshake
  LatencyHistogram first_byte;
  LatencyHistogram whole;
  double seconds = 0;
};

}  // namespace holt::bench

#endif  // HOLT_BENCH_LOAD_TOTALS_H_
