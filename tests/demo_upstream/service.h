// The demo upstream's API: which path gives which answer. No sockets in here.
// Requests come from a peer and are hostile.
#ifndef HOLT_TESTS_DEMO_UPSTREAM_SERVICE_H_
#define HOLT_TESTS_DEMO_UPSTREAM_SERVICE_H_

#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/clock.h"
#include "tests/demo_upstream/answer.h"
#include "tests/demo_upstream/http_request.h"
#include "tests/demo_upstream/model_request.h"
#include "tests/demo_upstream/scripted_answer.h"

namespace holt::demo {

class Service {
 public:
  // `clock` outlives the service; the service outlives its answers.
  explicit Service(const Clock& clock) : clock_(clock) {}

  // The answer to a whole request; never null.
  std::unique_ptr<Answer> Handle(const HttpRequest& request);
  [[nodiscard]] Stats& stats() { return stats_; }

 private:
  std::unique_ptr<Answer> Complete(const HttpRequest& request, Dialect dialect);
  std::unique_ptr<Answer> Embed(const HttpRequest& request);
  std::unique_ptr<Answer> ShowModels(const HttpRequest& request);
  std::unique_ptr<Answer> ShowStats(const HttpRequest& request);
  std::unique_ptr<Answer> Refuse(const HttpRequest& request, int status,
                                 absl::string_view message,
                                 absl::string_view more_headers = "");

  const Clock& clock_;
  simdjson::dom::parser parser_;
  Stats stats_;
  uint64_t answers_ = 0;
};

}  // namespace holt::demo

#endif  // HOLT_TESTS_DEMO_UPSTREAM_SERVICE_H_
