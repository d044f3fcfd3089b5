// The table of what Holt serves. A request is matched by its raw path, byte for
// byte; nothing is normalised, and what is not in the table is never forwarded.
// Worker; the path is hostile.
#ifndef HOLT_WORKER_EXCHANGE_ROUTER_H_
#define HOLT_WORKER_EXCHANGE_ROUTER_H_

#include "absl/strings/string_view.h"
#include "common/ipc/usage_journal.h"
#include "worker/http/head.h"

namespace holt::worker {

enum class RouteKind {
  kHealth,       // answered here, no key, no limits
  kKeyInfo,      // answered here, for the holder of a key
  kForwardJson,  // a JSON body, forwarded
  kForwardBare,  // no body, forwarded
};

struct Route {
  absl::string_view path;
  Method method;
  RouteKind kind;
  Endpoint endpoint;
};

struct RouteMatch {
  const Route* route = nullptr;  // null: nothing matches
  // The path is known, the method is not one of its own; `allow` names them.
  bool wrong_method = false;
  absl::string_view allow;
};

// HEAD matches where GET does. One slash at the end is overlooked.
RouteMatch MatchRoute(Method method, absl::string_view path);

// True below /v1, where browsers may call from other origins.
bool IsApiPath(absl::string_view path);

}  // namespace holt::worker

#endif  // HOLT_WORKER_EXCHANGE_ROUTER_H_
