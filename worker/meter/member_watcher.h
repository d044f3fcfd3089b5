// Watches one JSON answer pass by and catches its top-level `usage` and
// `model`. Worker; the answer is hostile and secret. Of the content nothing is
// kept: only the raw bytes of those two values, bounded and wiped. The outcome
// does not depend on how the answer is cut into pieces.
#ifndef HOLT_WORKER_METER_MEMBER_WATCHER_H_
#define HOLT_WORKER_METER_MEMBER_WATCHER_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/base/wiped.h"
#include "worker/http/json_scanner.h"
#include "worker/meter/usage.h"

namespace holt::worker {

class MemberWatcher {
 public:
  // A longer value of `usage` is unreadable, a longer `model` is ignored.
  static constexpr size_t kMaxValueSize = 8 * 1024;

  void Feed(absl::Span<const uint8_t> bytes);
  // The answer ended. Must be called before usage() and model().
  void Finish();

  // Readable only if the whole answer was one JSON object, with one `usage`.
  // kNone when it was no JSON object at all.
  [[nodiscard]] const UsageReading& usage() const { return usage_; }
  // The model's name as far as it has no escapes; else empty.
  [[nodiscard]] absl::string_view model() const;

  void Reset();

 private:
  enum class Member : uint8_t { kOther, kUsage, kModel };
  // Longest key that is compared, with its quotes and all bytes escaped.
  static constexpr size_t kMaxKeySize = 6 * 5 + 2;

  void Handle(JsonScanner::Event event);
  void Keep(absl::Span<const uint8_t> bytes);
  [[nodiscard]] Member MemberOfKey() const;

  JsonScanner scanner_;
  WipedBytes key_;
  WipedBytes usage_raw_;
  WipedBytes model_raw_;
  UsageReading usage_;
  Member member_ = Member::kOther;
  bool in_key_ = false;
  bool in_value_ = false;
  bool long_key_ = false;
  bool broken_ = false;
  bool overflow_ = false;  // usage was longer than its bound
  int usage_count_ = 0;
  int model_count_ = 0;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_METER_MEMBER_WATCHER_H_
