#include "worker/http/json_members.h"

#include "worker/http/json_text.h"

namespace holt::worker {

bool JsonMembers::Next(JsonMember& member) {
  while (true) {
    const JsonScanner::Step step = scanner_.Next(text_.subspan(position_));
    position_ += step.consumed;
    switch (step.event) {
      case JsonScanner::Event::kObjectBegin:
        object_.begin = position_ - 1;
        break;
      case JsonScanner::Event::kKeyBegin:
        member.key.begin = position_ - 1;
        break;
      case JsonScanner::Event::kKeyEnd:
        member.key.end = position_;
        break;
      case JsonScanner::Event::kValueBegin:
        member.value.begin = position_;
        break;
      case JsonScanner::Event::kValueEnd:
        member.value.end = position_;
        return true;
      case JsonScanner::Event::kObjectEnd:
        object_.end = position_;
        break;
      case JsonScanner::Event::kInvalid:
      case JsonScanner::Event::kTooDeep:
        failed_ = true;
        too_deep_ = step.event == JsonScanner::Event::kTooDeep;
        return false;
      case JsonScanner::Event::kNeedMore:
        failed_ = !scanner_.Finish();
        return false;
    }
  }
}

JsonMembers::Outcome JsonMembers::outcome() const {
  if (too_deep_) return Outcome::kTooDeep;
  if (failed_) return Outcome::kInvalid;
  return scanner_.is_object() ? Outcome::kObject : Outcome::kNotObject;
}

bool JsonMembers::KeyIs(const JsonMember& member,
                        absl::string_view name) const {
  return SameJsonText(Unquoted(member.key), name);
}

}  // namespace holt::worker
