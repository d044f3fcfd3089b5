// HOLT_CHECK: for our own bugs and exhausted memory, never for bytes from a
// peer. Ends the process.
#ifndef HOLT_COMMON_BASE_CHECK_H_
#define HOLT_COMMON_BASE_CHECK_H_

namespace holt {

// Writes "check failed: <file>:<line>: <text>" to stderr and ends the process
// without a core.
[[noreturn]] void CheckFailed(const char* file, int line, const char* text);

}  // namespace holt

#define HOLT_CHECK(condition)                              \
  do {                                                     \
    if (!(condition)) [[unlikely]] {                       \
      ::holt::CheckFailed(__FILE__, __LINE__, #condition); \
    }                                                      \
  } while (false)

#endif  // HOLT_COMMON_BASE_CHECK_H_
