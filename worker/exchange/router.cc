#include "worker/exchange/router.h"

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "worker/http/request_parser.h"

namespace holt::worker {
namespace {

constexpr Route kRoutes[] = {
    {"/v1/chat/completions", Method::kPost, RouteKind::kForwardJson,
     Endpoint::kChatCompletions},
    {"/v1/completions", Method::kPost, RouteKind::kForwardJson,
     Endpoint::kCompletions},
    {"/v1/embeddings", Method::kPost, RouteKind::kForwardJson,
     Endpoint::kEmbeddings},
    {"/v1/models", Method::kGet, RouteKind::kForwardBare, Endpoint::kModels},
    {"/health", Method::kGet, RouteKind::kHealth, Endpoint::kOther},
    {"/auth/key-info", Method::kGet, RouteKind::kKeyInfo, Endpoint::kOther},
};

// /v1/models/{id}, one segment.
constexpr Route kModelRoute = {"/v1/models/", Method::kGet,
                               RouteKind::kForwardBare, Endpoint::kModels};

bool IsModelPath(absl::string_view path) {
  return absl::ConsumePrefix(&path, kModelRoute.path) && !path.empty() &&
         !absl::StrContains(path, "/");
}

const Route* FindByPath(absl::string_view path) {
  for (const Route& route : kRoutes) {
    if (route.path == path) return &route;
  }
  return IsModelPath(path) ? &kModelRoute : nullptr;
}

}  // namespace

bool IsApiPath(absl::string_view path) {
  return path == "/v1" || absl::StartsWith(path, "/v1/");
}

RouteMatch MatchRoute(Method method, absl::string_view path) {
  if (path.size() > 1) absl::ConsumeSuffix(&path, "/");
  // An escaped slash is legal in a model's id and nowhere else.
  if (!IsModelPath(path) && !IsPlainPath(path)) return {};
  const Route* route = FindByPath(path);
  if (route == nullptr) return {};
  const bool reads = route->method == Method::kGet;
  if (method == route->method || (reads && method == Method::kHead)) {
    return {route, false, {}};
  }
  return {nullptr, true, reads ? "GET, HEAD, OPTIONS" : "POST, OPTIONS"};
}

}  // namespace holt::worker
