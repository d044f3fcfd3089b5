// Counts the server-sent events of a stream that comes in pieces of any size,
// and sees whether its last word is "[DONE]". Keeps no content but the first
// letters of the line it is in. Runs in the load generator.
#ifndef HOLT_BENCH_LOAD_EVENT_COUNTER_H_
#define HOLT_BENCH_LOAD_EVENT_COUNTER_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace holt::bench {

class EventCounter {
 public:
  void Feed(absl::string_view bytes);

  // Lines of data, "[DONE]" among them; comments do not count.
  [[nodiscard]] uint64_t events() const { return events_; }
  [[nodiscard]] bool is_done() const { return is_done_; }

 private:
  void EndLine();

  static constexpr absl::string_view kData = "data:";
  static constexpr absl::string_view kDone = "data: [DONE]";
  std::array<char, kDone.size()> start_{};
  size_t line_size_ = 0;
  uint64_t events_ = 0;
  bool is_done_ = false;
};

}  // namespace holt::bench

#endif  // HOLT_BENCH_LOAD_EVENT_COUNTER_H_
