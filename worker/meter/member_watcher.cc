#include "worker/meter/member_watcher.h"

#include "worker/http/json_text.h"

namespace holt::worker {
void MemberWatcher::Feed(absl::Span<const uint8_t> bytes) {
  while (!bytes.empty() && !broken_) {
    const JsonScanner::Step step = scanner_.Next(bytes);
    Keep(bytes.first(step.consumed));
    Handle(step.event);
    bytes.remove_prefix(step.consumed);
  }
}

void MemberWatcher::Finish() {
  if (!scanner_.is_object()) return;
  const bool whole = !broken_ && scanner_.Finish();
  if (!whole || overflow_ || usage_count_ > 1) {
    usage_.state = UsageState::kUnreadable;
  } else if (usage_count_ == 1) {
    usage_ = ParseUsage(usage_raw_.span());
  }
}

absl::string_view MemberWatcher::model() const {
  const absl::string_view raw = model_raw_.view();
  if (model_count_ != 1 || raw.size() < 2 || raw.front() != '"' ||
      raw.back() != '"' || raw.find('\\') != absl::string_view::npos) {
    return {};
  }
  return raw.substr(1, raw.size() - 2);
}

void MemberWatcher::Reset() { *this = MemberWatcher(); }

// Bytes up to the event that is handled next.
void MemberWatcher::Keep(absl::Span<const uint8_t> bytes) {
  WipedBytes* to = nullptr;
  size_t bound = kMaxValueSize;
  if (in_key_) {
    to = &key_;
    bound = kMaxKeySize;
  } else if (in_value_ && member_ != Member::kOther) {
    to = member_ == Member::kUsage ? &usage_raw_ : &model_raw_;
  }
  if (to == nullptr) return;
  if (bytes.size() <= bound - to->size()) {
    to->Append(bytes);
    return;
  }
  overflow_ = overflow_ || to == &usage_raw_;
  // What is too long is none of ours; the rest of it is not kept either.
  to->Clear();
  if (in_key_) {
    long_key_ = true;
  }
  in_key_ = in_value_ = false;
}

void MemberWatcher::Handle(JsonScanner::Event event) {
  switch (event) {
    case JsonScanner::Event::kKeyBegin:
      key_.Clear();
      in_key_ = true;
      long_key_ = false;
      return;
    case JsonScanner::Event::kKeyEnd:
      in_key_ = false;
      member_ = MemberOfKey();
      if (member_ == Member::kUsage) ++usage_count_;
      if (member_ == Member::kModel) ++model_count_;
      return;
    case JsonScanner::Event::kValueBegin:
      // Of a member that is there twice neither counts.
      in_value_ = (member_ == Member::kUsage && usage_count_ == 1) ||
                  (member_ == Member::kModel && model_count_ == 1);
      return;
    case JsonScanner::Event::kValueEnd:
      in_value_ = false;
      return;
    case JsonScanner::Event::kInvalid:
    case JsonScanner::Event::kTooDeep:
      broken_ = true;
      return;
    case JsonScanner::Event::kNeedMore:
    case JsonScanner::Event::kObjectBegin:
    case JsonScanner::Event::kObjectEnd:
      return;
  }
}

MemberWatcher::Member MemberWatcher::MemberOfKey() const {
  if (long_key_) return Member::kOther;
  absl::string_view raw = key_.view();
  raw.remove_suffix(1);  // the closing quote
  if (SameJsonText(raw, "usage")) return Member::kUsage;
  if (SameJsonText(raw, "model")) return Member::kModel;
  return Member::kOther;
}

}  // namespace holt::worker
