// An answer of the demo upstream, made piece by piece while the peer reads, so
// that an answer of any length needs the memory of one piece. Owned by the
// connection it is written to.
#ifndef HOLT_TESTS_DEMO_UPSTREAM_ANSWER_H_
#define HOLT_TESTS_DEMO_UPSTREAM_ANSWER_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace holt::demo {

// What the demo counted itself, for comparison with the gateway's ledger.
// Tokens are those of finished answers.
struct Stats {
  uint64_t connections = 0;
  uint64_t requests = 0;   // of any kind
  uint64_t started = 0;    // answers of a model that were begun
  uint64_t finished = 0;   // ... and written to their last byte
  uint64_t cut = 0;        // ... and broken off by their script
  uint64_t abandoned = 0;  // ... and left by the peer
  uint64_t refused = 0;    // answered with an error
  uint64_t prompt_tokens = 0;
  uint64_t completion_tokens = 0;
};

class Answer {
 public:
  // What comes after a piece: another, the end, or the end by force.
  enum class Then { kMore, kEnd, kReset, kClose };

  virtual ~Answer() = default;
  // Appends the next piece to `out`.
  virtual Then Produce(std::string& out) = 0;
  // How long to wait before the next Produce.
  [[nodiscard]] virtual absl::Duration Wait() const {
    return absl::ZeroDuration();
  }
  // The last byte was taken by the system.
  virtual void OnDelivered() {}
};

// An answer that is there as a whole.
class FixedAnswer final : public Answer {
 public:
  explicit FixedAnswer(std::string bytes) : bytes_(std::move(bytes)) {}
  Then Produce(std::string& out) override {
    out.append(bytes_);
    return Then::kEnd;
  }

 private:
  std::string bytes_;
};

// The head every answer begins with. `framing` are whole header lines, each
// ended by CRLF.
std::string HttpHead(int status, bool keep_alive, absl::string_view framing);

// A whole JSON response.
std::string JsonResponse(int status, bool keep_alive, absl::string_view body,
                         absl::string_view more_headers = "");

// An error in OpenAI's shape, with the type and code that belong to `status`.
// `message` is our own text.
std::string ErrorResponse(int status, bool keep_alive,
                          absl::string_view message,
                          absl::string_view more_headers = "");

}  // namespace holt::demo

#endif  // HOLT_TESTS_DEMO_UPSTREAM_ANSWER_H_
