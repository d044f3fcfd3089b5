#include "common/base/log.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "absl/strings/ascii.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace holt {
namespace {

struct Sink {
  Word process = "holt";
  Severity least = Severity::kInfo;
};

// The one piece of global state besides counters: who speaks, and from which
// severity on.
Sink& GlobalSink() {
  static Sink sink;
  return sink;
}

absl::string_view NameOf(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return "debug";
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "?";
}

bool IsIdByte(char byte) {
  return absl::ascii_isalnum(static_cast<unsigned char>(byte)) || byte == '-' ||
         byte == '_' || byte == '.';
}

}  // namespace

SafeId::SafeId(absl::string_view id) {
  const bool valid = !id.empty() && id.size() <= sizeof(text_) &&
                     std::all_of(id.begin(), id.end(), IsIdByte);
  const absl::string_view shown = valid ? id : "invalid";
  size_ = shown.size();
  std::memcpy(text_, shown.data(), size_);
}

void InitLog(Word process, Severity least) {
  GlobalSink().process = process;
  GlobalSink().least = least;
}

Log::Log(Severity severity, Word event)
    : enabled_(severity >= GlobalSink().least) {
  if (!enabled_) return;
  char time[32];
  const absl::Time now = absl::Now();
  const int64_t millis = absl::ToUnixMillis(now);
  const std::time_t seconds = static_cast<std::time_t>(millis / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  const int size = std::snprintf(
      time, sizeof(time), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
      parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
      parts.tm_min, parts.tm_sec, static_cast<int>(millis % 1000));
  Append({time, static_cast<size_t>(size)});
  Append(" ");
  Append(NameOf(severity));
  Append(" ");
  Append(GlobalSink().process.text());
  Append("[");
  char pid[16];
  const auto [end, error] =
      std::to_chars(pid, pid + sizeof(pid), static_cast<int>(::getpid()));
  Append({pid, static_cast<size_t>(end - pid)});
  Append("] ");
  Append(event.text());
}

Log::~Log() {
  if (!enabled_) return;
  line_[std::min(used_, sizeof(line_) - 1)] = '\n';
  const size_t size = std::min(used_ + 1, sizeof(line_));
  // Nobody to tell when stderr is gone.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line_, size);
}

void Log::Append(absl::string_view text) {
  const size_t room = sizeof(line_) - 1 - std::min(used_, sizeof(line_) - 1);
  const size_t size = std::min(room, text.size());
  std::memcpy(line_ + used_, text.data(), size);
  used_ += size;
}

void Log::AppendField(absl::string_view field) {
  Append(" ");
  Append(field);
  Append("=");
}

Log& Log::Signed(Word field, int64_t value) {
  if (!enabled_) return *this;
  char digits[24];
  const auto [end, error] =
      std::to_chars(digits, digits + sizeof(digits), value);
  AppendField(field.text());
  Append({digits, static_cast<size_t>(end - digits)});
  return *this;
}

Log& Log::Unsigned(Word field, uint64_t value) {
  if (!enabled_) return *this;
  char digits[24];
  const auto [end, error] =
      std::to_chars(digits, digits + sizeof(digits), value);
  AppendField(field.text());
  Append({digits, static_cast<size_t>(end - digits)});
  return *this;
}

Log& Log::Name(Word field, Word value) {
  if (!enabled_) return *this;
  AppendField(field.text());
  Append(value.text());
  return *this;
}

Log& Log::Id(Word field, const SafeId& id) {
  if (!enabled_) return *this;
  AppendField(field.text());
  Append(id.text());
  return *this;
}

Log& Log::Text(Word field, const OperatorText& text) {
  if (!enabled_) return *this;
  AppendField(field.text());
  Append("\"");
  for (const char byte : absl::string_view(text.text()).substr(0, 512)) {
    const auto code = static_cast<unsigned char>(byte);
    if (code < 0x20 || code == 0x7f || byte == '"' || byte == '\\') {
      char escaped[8];
      const int size = std::snprintf(escaped, sizeof(escaped), "\\x%02x", code);
      Append({escaped, static_cast<size_t>(size)});
    } else {
      Append({&byte, 1});
    }
  }
  Append("\"");
  return *this;
}

Log& Log::Code(Word field, const absl::Status& status) {
  if (!enabled_) return *this;
  AppendField(field.text());
  Append(absl::StatusCodeToString(status.code()));
  return *this;
}

}  // namespace holt
