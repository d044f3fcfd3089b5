// A request's id: "req_" and 128 random bits in hex. Ours, never the client's.
#ifndef HOLT_WORKER_EXCHANGE_REQUEST_ID_H_
#define HOLT_WORKER_EXCHANGE_REQUEST_ID_H_

#include <array>

#include "absl/strings/string_view.h"

namespace holt::worker {

class RequestId {
 public:
  // A fresh one. Random bytes are drawn for many ids at once.
  static RequestId Make();
  [[nodiscard]] absl::string_view text() const {
    return {text_.data(), text_.size()};
  }

 private:
  std::array<char, 36> text_{};
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_EXCHANGE_REQUEST_ID_H_
