#include "common/base/check.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace holt {

void CheckFailed(const char* file, int line, const char* text) {
  char message[512];
  const int size = std::snprintf(message, sizeof(message),
                                 "check failed: %s:%d: %s\n", file, line, text);
  if (size > 0) {
    const auto bytes = static_cast<size_t>(size) < sizeof(message)
                           ? static_cast<size_t>(size)
                           : sizeof(message) - 1;
    if (::write(STDERR_FILENO, message, bytes) < 0) ::_exit(70);
  }
  std::abort();
}

}  // namespace holt
