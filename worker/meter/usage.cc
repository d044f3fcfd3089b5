#include "worker/meter/usage.h"

#include <algorithm>
#include <array>
#include <optional>

#include "worker/http/json_members.h"
#include "worker/http/json_text.h"

namespace holt::worker {
namespace {

// A usage object of any service has about a dozen; the bound keeps the search
// for duplicates cheap.
constexpr size_t kMaxMembers = 64;
constexpr int64_t kExponentBound = 10'000;

enum class Rounding : uint8_t { kExact, kUp };

// The parts of a JSON number: digits on both sides of the point, exponent.
struct NumberText {
  absl::string_view whole;
  absl::string_view fraction;
  int64_t exponent = 0;
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

absl::string_view TakeDigits(absl::string_view& text) {
  size_t size = 0;
  while (size < text.size() && IsDigit(text[size])) ++size;
  const absl::string_view digits = text.substr(0, size);
  text.remove_prefix(size);
  return digits;
}

// `text` is a valid JSON value. False for all but numbers without a sign.
bool SplitNumber(absl::string_view text, NumberText& number) {
  number.whole = TakeDigits(text);
  if (number.whole.empty()) return false;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    number.fraction = TakeDigits(text);
  }
  if (text.empty()) return true;
  text.remove_prefix(1);  // "e"
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  for (const char digit : text) {
    number.exponent =
        std::min(number.exponent * 10 + (digit - '0'), kExponentBound);
  }
  if (negative) number.exponent = -number.exponent;
  return true;
}

// The number, exactly or rounded up; nullopt beyond kMaxCount, for a fraction
// that is not zero when it must be exact, and for what is no such number. Works
// on the digits: a double would round.
std::optional<uint64_t> ReadCount(absl::string_view text, Rounding rounding) {
  NumberText number;
  if (!SplitNumber(text, number)) return std::nullopt;
  const auto whole = static_cast<int64_t>(number.whole.size());
  const auto digits = whole + static_cast<int64_t>(number.fraction.size());
  const int64_t point = whole + number.exponent;
  uint64_t value = 0;
  bool remainder = false;
  for (int64_t i = 0; i < std::max(digits, point); ++i) {
    char digit = '0';
    if (i < whole) {
      digit = number.whole[static_cast<size_t>(i)];
    } else if (i < digits) {
      digit = number.fraction[static_cast<size_t>(i - whole)];
    }
    if (i >= point) {
      remainder = remainder || digit != '0';
      continue;
    }
    value = value * 10 + static_cast<uint64_t>(digit - '0');
    if (value > kMaxCount) return std::nullopt;
  }
  if (!remainder) return value;
  if (rounding == Rounding::kExact) return std::nullopt;
  return value + 1;
}

absl::Span<const uint8_t> BytesOf(absl::string_view text) {
  return absl::Span<const uint8_t>(
      reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

// A count inside a details object; 0 when there is none that can be read.
// Details refine the counts and never change them.
uint64_t DetailOf(absl::string_view raw, absl::string_view name) {
  JsonMembers members(BytesOf(raw));
  JsonMember member;
  uint64_t found = 0;
  while (members.Next(member)) {
    if (!members.KeyIs(member, name)) continue;
    found = ReadCount(members.Text(member.value), Rounding::kExact).value_or(0);
  }
  return found;
}

// The keys seen so far, to tell duplicates.
class SeenKeys {
 public:
  // False when `raw` was there before, or there are too many to tell.
  bool Add(absl::string_view raw) {
    if (size_ == keys_.size()) return false;
    for (size_t i = 0; i < size_; ++i) {
      if (SameJsonText(keys_[i], raw)) return false;
    }
    keys_[size_++] = raw;
    return true;
  }

 private:
  std::array<absl::string_view, kMaxMembers> keys_;
  size_t size_ = 0;
};

class UsageReader {
 public:
  explicit UsageReader(absl::Span<const uint8_t> raw) : members_(raw) {}

  std::optional<Usage> Read() {
    JsonMember member;
    SeenKeys seen;
    bool readable = true;
    while (readable && members_.Next(member)) {
      readable = seen.Add(members_.Unquoted(member.key)) && Take(member);
    }
    if (!readable || members_.outcome() != JsonMembers::Outcome::kObject ||
        !any_count_) {
      return std::nullopt;
    }
    if (usage_.total == 0) usage_.total = usage_.prompt + usage_.completion;
    // A part is never larger than its whole, so that nobody subtracts below
    // zero.
    usage_.cached = std::min(usage_.cached, usage_.prompt);
    usage_.reasoning = std::min(usage_.reasoning, usage_.completion);
    return usage_;
  }

 private:
  bool Take(const JsonMember& member) {
    const absl::string_view value = members_.Text(member.value);
    if (value == "null") return true;
    if (uint64_t* count = CountOf(member); count != nullptr) {
      const auto read = ReadCount(value, Rounding::kExact);
      any_count_ = any_count_ || read.has_value();
      *count = read.value_or(0);
      return read.has_value();
    }
    if (members_.KeyIs(member, "seconds")) {
      const auto read = ReadCount(value, Rounding::kUp);
      any_count_ = any_count_ || read.has_value();
      usage_.audio_seconds = read.value_or(0);
      return read.has_value();
    }
    if (members_.KeyIs(member, "prompt_tokens_details") ||
        members_.KeyIs(member, "input_tokens_details")) {
      usage_.cached = DetailOf(value, "cached_tokens");
    } else if (members_.KeyIs(member, "completion_tokens_details") ||
               members_.KeyIs(member, "output_tokens_details")) {
      usage_.reasoning = DetailOf(value, "reasoning_tokens");
    }
    return true;
  }

  // Where a first-level count goes; nullptr for other members.
  uint64_t* CountOf(const JsonMember& member) {
    if (members_.KeyIs(member, "prompt_tokens") ||
        members_.KeyIs(member, "input_tokens")) {
      return &usage_.prompt;
    }
    if (members_.KeyIs(member, "completion_tokens") ||
        members_.KeyIs(member, "output_tokens")) {
      return &usage_.completion;
    }
    return members_.KeyIs(member, "total_tokens") ? &usage_.total : nullptr;
  }

  JsonMembers members_;
  Usage usage_;
  bool any_count_ = false;
};

}  // namespace

UsageReading ParseUsage(absl::Span<const uint8_t> raw) {
  if (absl::string_view(reinterpret_cast<const char*>(raw.data()),
                        raw.size()) == "null") {
    return {};
  }
  const std::optional<Usage> usage = UsageReader(raw).Read();
  if (!usage.has_value()) return {UsageState::kUnreadable, {}};
  return {UsageState::kReadable, *usage};
}

}  // namespace holt::worker
