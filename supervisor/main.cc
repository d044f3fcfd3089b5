// holt-supervisor: the door. Everything is behind Serve().
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/version.h"
#include "supervisor/announcement.h"
#include "supervisor/command_line.h"
#include "supervisor/config/environment.h"
#include "supervisor/serve.h"

namespace holt::supervisor {
namespace {

constexpr int kUsageError = 2;

int Main(int argc, char** argv) {
  InitLog("supervisor");
  const auto line = ParseCommandLine(
      absl::MakeConstSpan(argv, static_cast<size_t>(argc)).subspan(1));
  if (!line.ok()) {
    WriteText(STDERR_FILENO,
              absl::StrCat("holt-supervisor: ", line.status().message(), "\n"));
    return kUsageError;
  }
  if (line->help) {
    WriteText(STDOUT_FILENO, kHelp);
    return 0;
  }
  if (line->version) {
    WriteText(STDOUT_FILENO, absl::StrCat("holt-supervisor ", kVersion, "\n"));
    return 0;
  }
  Environment environment(environ);
  return Serve(*line, environment);
}

}  // namespace
}  // namespace holt::supervisor

int main(int argc, char** argv) { return holt::supervisor::Main(argc, argv); }
