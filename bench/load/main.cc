// holt-load: asks one server over and over and counts what comes back. Exits
// with 0 when every request was answered with 200.
#include <netdb.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "bench/load/load_connection.h"
#include "bench/load/load_run.h"
#include "bench/load/options.h"
#include "bench/load/report.h"
#include "bench/load/tls_client.h"
#include "common/base/status_macros.h"
#include "common/event/loop.h"

namespace holt::bench {
namespace {

struct AddressesFree {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

absl::Status Resolve(const LoadOptions& options, Workload& workload) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(options.host.c_str(), std::to_string(options.port).c_str(),
                  &hints, &found);
  const std::unique_ptr<addrinfo, AddressesFree> list(found);
  if (error != 0) {
    return absl::NotFoundError(
        absl::StrCat(options.host, ": ", gai_strerror(error)));
  }
  std::copy_n(reinterpret_cast<const char*>(list->ai_addr), list->ai_addrlen,
              reinterpret_cast<char*>(&workload.address));
  workload.address_size = list->ai_addrlen;
  return absl::OkStatus();
}

void RaiseFileLimit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

void WaitForEndOfInput() {
  char ignored[64];
  while (read(STDIN_FILENO, ignored, sizeof ignored) > 0) {
  }
}

absl::StatusOr<bool> RunLoad(const LoadOptions& options) {
  Workload workload;
  RETURN_IF_ERROR(Resolve(options, workload));
  std::unique_ptr<TlsClient> tls;
  if (options.tls) {
    ASSIGN_OR_RETURN(
        tls, TlsClient::Create(options.ca_file, options.host, options.resume));
  }
  workload.tls = tls.get();
  ASSIGN_OR_RETURN(workload.request, BuildRequest(options));
  workload.is_stream = options.stream;
  workload.reconnect_every = options.reconnect_every;
  ASSIGN_OR_RETURN(const std::unique_ptr<Loop> loop, Loop::Create());
  LoadRun run(*loop, workload,
              {.connections = options.connections,
               .requests = options.requests,
               .duration = options.duration,
               .dials_at_once = options.dials_at_once,
               .dials_per_second = options.dials_per_second});
  const Totals& totals = run.Run();
  std::fputs((options.json ? JsonOf(totals) : TableOf(totals)).c_str(), stdout);
  std::fflush(stdout);
  if (options.hold) WaitForEndOfInput();
  return FailureCount(totals) == 0;
}

int Main(absl::Span<char* const> words) {
  const absl::StatusOr<LoadOptions> options = ReadOptions(words);
  if (!options.ok()) {
    std::fprintf(stderr, "holt-load: %s\n%s",
                 std::string(options.status().message()).c_str(),
                 std::string(Usage()).c_str());
    return 2;
  }
  RaiseFileLimit();
  const absl::StatusOr<bool> all_answered = RunLoad(*options);
  if (!all_answered.ok()) {
    std::fprintf(stderr, "holt-load: %s\n",
                 std::string(all_answered.status().message()).c_str());
    return 2;
  }
  return *all_answered ? 0 : 1;
}

}  // namespace
}  // namespace holt::bench

int main(int count, char** words) {
  return holt::bench::Main(
      absl::MakeSpan(words + 1, static_cast<size_t>(count - 1)));
}
