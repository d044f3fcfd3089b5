#include "tests/demo_upstream/script.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace holt::demo {
namespace {

constexpr uint32_t kMaxChunks = 1'000'000;
constexpr uint32_t kMaxChunkBytes = 65'536;
constexpr uint32_t kMaxMilliseconds = 600'000;

// A control that stands alone, without a value. False: no such control.
bool ApplyFlag(absl::string_view name, Script& script) {
  if (name == "mirror") {
    script.content = Script::Content::kMirror;
  } else if (name == "headers") {
    script.content = Script::Content::kHeaders;
  } else if (name == "omit-usage") {
    script.omit_usage = true;
  } else if (name == "usage-each") {
    script.usage_each = true;
  } else {
    return false;
  }
  return true;
}

bool ApplyCut(absl::string_view value, Script& script) {
  if (value == "reset") {
    script.cut = Script::Cut::kReset;
  } else if (value == "close") {
    script.cut = Script::Cut::kClose;
  } else {
    return false;
  }
  return true;
}

bool Bounded(absl::string_view value, uint32_t least, uint32_t most,
             uint32_t& to) {
  return absl::SimpleAtoi(value, &to) && to >= least && to <= most;
}

bool ApplyDelay(absl::string_view value, absl::Duration& to) {
  uint32_t milliseconds = 0;
  if (!Bounded(value, 0, kMaxMilliseconds, milliseconds)) return false;
  to = absl::Milliseconds(milliseconds);
  return true;
}

bool ApplyStatus(absl::string_view value, Script& script) {
  uint32_t status = 0;
  if (!Bounded(value, 400, 599, status)) return false;
  script.status = static_cast<int>(status);
  return true;
}

bool ApplyValue(absl::string_view name, absl::string_view value,
                Script& script) {
  if (name == "chunks") return Bounded(value, 1, kMaxChunks, script.chunks);
  if (name == "chunk-bytes") {
    return Bounded(value, 1, kMaxChunkBytes, script.chunk_bytes);
  }
  if (name == "delay") return ApplyDelay(value, script.delay);
  if (name == "head-delay") return ApplyDelay(value, script.head_delay);
  if (name == "status") return ApplyStatus(value, script);
  if (name == "retry-after")
    return Bounded(value, 1, 86'400, script.retry_after);
  if (name == "cut") return ApplyCut(value, script);
  if (name == "cut-after") {
    return Bounded(value, 0, kMaxChunks, script.cut_after);
  }
  return false;
}

}  // namespace

absl::Status ApplyControls(absl::string_view text, Script& script) {
  for (absl::string_view control :
       absl::StrSplit(text, '/', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(control, absl::MaxSplits(':', 1));
    const bool known = parts.second.empty()
                           ? ApplyFlag(parts.first, script)
                           : ApplyValue(parts.first, parts.second, script);
    if (!known) {
      return absl::InvalidArgumentError(
          absl::StrCat("the demo knows no control \"", control,
                       "\", or its value is out of bounds"));
    }
  }
  return absl::OkStatus();
}

}  // namespace holt::demo
