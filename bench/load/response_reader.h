// Reads the responses of one connection, by llhttp: status, framing and sizes,
// and for event streams the events. Keeps no body. Runs in the load generator;
// what it measures is under test, so a response that breaks HTTP is a finding.
#ifndef HOLT_BENCH_LOAD_RESPONSE_READER_H_
#define HOLT_BENCH_LOAD_RESPONSE_READER_H_

#include <llhttp.h>

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "bench/load/event_counter.h"

namespace holt::bench {

class ResponseReader {
 public:
  enum class State { kReading, kWhole, kBroken };

  // What is known of one response.
  struct Response {
    int status = 0;
    bool keep_alive = false;  // once whole
    uint64_t chunks = 0;      // of the chunked coding, the last not counted
    uint64_t body_bytes = 0;  // without framing
    EventCounter events;      // of the body, whatever its type
  };

  ResponseReader();
  ResponseReader(const ResponseReader&) = delete;
  ResponseReader& operator=(const ResponseReader&) = delete;

  // Takes bytes up to the end of the response; returns how many. A body that
  // ends with its connection never becomes whole.
  size_t Feed(absl::string_view bytes);
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const Response& response() const { return response_; }
  // Forgets the response; the next one is of the same connection after a whole
  // one, of a new connection otherwise.
  void Next();

 private:
  static ResponseReader& Self(llhttp_t* parser);
  static llhttp_settings_t Settings();

  llhttp_settings_t settings_;
  llhttp_t parser_;
  State state_ = State::kReading;
  Response response_;
};

}  // namespace holt::bench

#endif  // HOLT_BENCH_LOAD_RESPONSE_READER_H_
