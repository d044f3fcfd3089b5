// The listening sockets. They belong to the supervisor for as long as it lives
// and are shared by all workers: closing one of several would reset the
// connections that wait on it.
#ifndef HOLT_SUPERVISOR_LISTENERS_H_
#define HOLT_SUPERVISOR_LISTENERS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/unique_fd.h"

namespace holt::supervisor {

struct PublicListener {
  UniqueFd socket;   // listening, non-blocking, close-on-exec
  std::string host;  // for URLs: brackets included, a wildcard as loopback
  uint16_t port = 0;

  // "https://127.0.0.1:8443".
  [[nodiscard]] std::string Url(bool tls) const;
};

// Binds `address` (an IPv4 or IPv6 literal; "::" takes both families) and
// `port` (0: the system chooses) and listens. The sentence of a failure names
// what to look for: who holds the port, or what a low port needs.
absl::StatusOr<PublicListener> OpenPublicListener(const std::string& address,
                                                  uint16_t port);

// A listening Unix socket `name` in `directory`, for us alone (0600). One that
// is there already is replaced: the state directory is locked, so nobody
// listens on it. Works below any length of path.
absl::StatusOr<UniqueFd> OpenAdminListener(int directory, const char* name);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_LISTENERS_H_
