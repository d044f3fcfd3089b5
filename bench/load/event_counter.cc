#include "bench/load/event_counter.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace holt::bench {

void EventCounter::Feed(absl::string_view bytes) {
  while (!bytes.empty()) {
    const size_t end = std::min(bytes.find('\n'), bytes.size());
    if (line_size_ < start_.size()) {
      std::copy_n(bytes.data(), std::min(end, start_.size() - line_size_),
                  start_.data() + line_size_);
    }
    line_size_ += end;
    if (end == bytes.size()) return;
    EndLine();
    bytes.remove_prefix(end + 1);
  }
}

void EventCounter::EndLine() {
  const absl::string_view start(start_.data(),
                                std::min(line_size_, start_.size()));
  if (absl::StartsWith(start, kData)) {
    ++events_;
    is_done_ = start == kDone;
  }
  line_size_ = 0;
}

}  // namespace holt::bench
