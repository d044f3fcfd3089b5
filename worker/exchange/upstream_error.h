// What an upstream's refusal becomes for the client. Worker; the upstream is
// hostile, and its texts may quote the prompt: they go to the client whose
// prompt it is, and nowhere else.
#ifndef HOLT_WORKER_EXCHANGE_UPSTREAM_ERROR_H_
#define HOLT_WORKER_EXCHANGE_UPSTREAM_ERROR_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "worker/http/head.h"
#include "worker/http/refusal.h"

namespace holt::worker {

// Statuses that never reach the client as they are: 401 and 403 are about our
// credential (502), 3xx is not followed (502), 429 keeps its Retry-After but
// says that it is not the caller's own limit. nullopt: pass it on.
std::optional<Refusal> RefusalForUpstreamStatus(const ResponseHead& head);

// True for a JSON object with a member "error" that is an object.
bool HasErrorShape(absl::string_view body);

// The same status with a text of ours, for an error without that shape.
Refusal NeutralUpstreamError(int status);

}  // namespace holt::worker

#endif  // HOLT_WORKER_EXCHANGE_UPSTREAM_ERROR_H_
