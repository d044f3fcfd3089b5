#include "admin-service/cli/terminal.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace holt::admin::cli {
namespace {

bool Write(std::FILE* to, absl::string_view text) {
  const bool taken =
      std::fwrite(text.data(), 1, text.size(), to) == text.size();
  return std::fflush(to) == 0 && taken;
}

}  // namespace

void ProcessTerminal::Out(absl::string_view text) {
  if (!Write(stdout, text)) lost_output_ = true;
}

void ProcessTerminal::Error(absl::string_view text) { Write(stderr, text); }

bool ProcessTerminal::can_ask() const {
  return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
}

std::string ProcessTerminal::Ask(absl::string_view question) {
  Error(question);
  std::string line;
  for (int letter = std::getchar(); letter != EOF && letter != '\n';
       letter = std::getchar()) {
    line.push_back(static_cast<char>(letter));
  }
  return line;
}

bool ProcessTerminal::has_colour() const {
  const char* const no_colour = std::getenv("NO_COLOR");
  const char* const term = std::getenv("TERM");
  const bool refused = no_colour != nullptr && *no_colour != '\0';
  const bool dumb = term != nullptr && absl::string_view(term) == "dumb";
  return !refused && !dumb && ::isatty(STDOUT_FILENO) == 1;
}

}  // namespace holt::admin::cli
