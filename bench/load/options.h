// What a run of the load generator is told on its command line.
#ifndef HOLT_BENCH_LOAD_OPTIONS_H_
#define HOLT_BENCH_LOAD_OPTIONS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace holt::bench {

struct LoadOptions {
  // Where to: http://HOST:PORT or https://HOST:PORT.
  bool tls = false;
  std::string host;
  uint16_t port = 0;
  std::string path = "/v1/chat/completions";

  // How much. One of requests and duration is given.
  uint32_t connections = 1;
  uint64_t requests = 0;  // of all connections together; 0: no bound
  absl::Duration duration = absl::InfiniteDuration();

  // What is asked.
  bool stream = false;
  bool include_usage = false;
  std::string model = "holt-demo";
  uint32_t prompt_bytes = 64;

  std::string key_file;  // empty: no authorization header
  std::string ca_file;   // empty: the system's authorities

  // Connections that are being made at one time, and in one second (0: no
  // bound).
  uint32_t dials_at_once = 16;
  uint32_t dials_per_second = 0;
  // Close and dial again after this many requests; 0: never of our own will.
  uint32_t reconnect_every = 0;
  bool resume = false;  // with session tickets of earlier connections
  // Keep the connections open when all is answered, until standard input ends.
  bool hold = false;
  bool json = false;
};

// How to call the program.
absl::string_view Usage();

// Reads the words after the program's name. InvalidArgument names the word that
// is wrong.
absl::StatusOr<LoadOptions> ReadOptions(absl::Span<char* const> words);

// The bytes of the request that `options` describe, with the key of its key
// file. Fails when that cannot be read.
absl::StatusOr<std::string> BuildRequest(const LoadOptions& options);

}  // namespace holt::bench

#endif  // HOLT_BENCH_LOAD_OPTIONS_H_
