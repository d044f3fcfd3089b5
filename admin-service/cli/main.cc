// holtctl: manages a Holt node from the command line.
#include <string>
#include <vector>

#include "admin-service/cli/holtctl.h"
#include "admin-service/cli/terminal.h"
#include "common/base/clock.h"

int main(int argc, char** argv) {
  holt::admin::cli::ProcessTerminal terminal;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return static_cast<int>(holt::admin::cli::RunHoltctl(
      arguments, terminal, holt::Clock::Real().Now()));
}
