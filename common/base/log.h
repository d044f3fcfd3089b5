// The log of every process: one structured line per event to stderr, and no way
// to put content into it.
//
//   Log(Severity::kWarning, "worker_exited").Number("slot", 2).Word("cause",
//   NameOf(cause));
//
// Values are numbers, words (string literals or the names of enum values, known
// at compile time), statuses' codes, and OperatorText: text that came from the
// operator's own configuration or command line (paths, field names). There is
// no overload for std::string or a char pointer of unknown origin; log_test
// proves it. Control bytes are escaped, values bounded.
//
// A line: 2026-11-21T03:51:30.123Z info supervisor[123] worker_exited slot=2
// cause=signal
#ifndef HOLT_COMMON_BASE_LOG_H_
#define HOLT_COMMON_BASE_LOG_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace holt {

enum class Severity { kDebug, kInfo, kWarning, kError };

// A string that exists in the program text. Only a literal, or another Word,
// makes one.
class Word {
 public:
  template <size_t N>
  consteval Word(
      const char (&literal)[N])  // NOLINT(google-explicit-constructor)
      : text_(literal, N - 1) {}
  [[nodiscard]] constexpr absl::string_view text() const { return text_; }

 private:
  absl::string_view text_;
};

// Text of the operator's own making: configuration values that are not secret,
// file names, messages about them. Never bytes of a request, a response or a
// peer. Making one is a statement that this was checked; the name is easy to
// search.
class OperatorText {
 public:
  explicit OperatorText(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// An id that Holt made or validated itself (request id, key id): letters,
// digits, '-', '_', '.', at most 64; anything else is shown as "invalid".
class SafeId {
 public:
  explicit SafeId(absl::string_view id);
  [[nodiscard]] absl::string_view text() const { return {text_, size_}; }

 private:
  char text_[64];
  size_t size_ = 0;
};

// Builds one line and writes it, with one write call, when it is destroyed.
class Log {
 public:
  Log(Severity severity, Word event);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  template <typename T>
  Log& Number(Word field, T value) {
    static_assert(std::is_integral_v<T>);
    if constexpr (std::is_signed_v<T>) return Signed(field, value);
    return Unsigned(field, value);
  }
  Log& Name(Word field, Word value);
  Log& Id(Word field, const SafeId& id);
  Log& Text(Word field, const OperatorText& text);
  // The code's name only: a Status may quote what a peer sent.
  Log& Code(Word field, const absl::Status& status);

 private:
  Log& Signed(Word field, int64_t value);
  Log& Unsigned(Word field, uint64_t value);
  void Append(absl::string_view text);
  void AppendField(absl::string_view field);

  bool enabled_;
  size_t used_ = 0;
  char line_[1024];
};

// Once, first thing in main: the name that lines carry, and the least severity
// that is written (default kInfo).
void InitLog(Word process, Severity least = Severity::kInfo);

}  // namespace holt

#endif  // HOLT_COMMON_BASE_LOG_H_
