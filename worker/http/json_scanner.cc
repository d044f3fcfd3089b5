#include "worker/http/json_scanner.h"

#include <cstring>
#include <utility>

namespace holt::worker {
namespace {

bool IsSpace(uint8_t byte) {
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

bool IsDigit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

bool IsHex(uint8_t byte) {
  const auto lower = static_cast<uint8_t>(byte | 0x20);
  return IsDigit(byte) || (lower >= 'a' && lower <= 'f');
}

bool IsPlain(uint8_t byte) {
  return byte >= 0x20 && byte != '"' && byte != '\\';
}

constexpr uint64_t kEveryByte = 0x0101010101010101;

// The highest bit of some byte is set when a byte of `word` is below `bound`,
// which is 128 at most; none is when there is no such byte.
uint64_t BytesBelow(uint64_t word, uint8_t bound) {
  return (word - kEveryByte * bound) & ~word & (kEveryByte * 0x80);
}

bool AllPlain(uint64_t word) {
  return (BytesBelow(word, 0x20) | BytesBelow(word ^ kEveryByte * '"', 1) |
          BytesBelow(word ^ kEveryByte * '\\', 1)) == 0;
}

// How many bytes of a string's inside come before the next that matters. Eight
// at a time: prompts and answers are one long string for the most part.
size_t PlainPrefix(absl::Span<const uint8_t> bytes) {
  size_t size = 0;
  for (uint64_t word = 0; size + sizeof(word) <= bytes.size();
       size += sizeof(word)) {
    std::memcpy(&word, bytes.data() + size, sizeof(word));
    if (!AllPlain(word)) break;
  }
  while (size < bytes.size() && IsPlain(bytes[size])) ++size;
  return size;
}

}  // namespace

JsonScanner::Step JsonScanner::Next(absl::Span<const uint8_t> bytes) {
  size_t taken = 0;
  while (taken < bytes.size() && !Failed()) {
    if (state_ == State::kString) {
      taken += PlainPrefix(bytes.subspan(taken));
      if (taken == bytes.size()) break;
    }
    const uint8_t byte = bytes[taken];
    if (AtMemberValue() && !IsSpace(byte)) {
      value_announced_ = true;
      return {Event::kValueBegin, taken};
    }
    // A number ends before the byte that is not part of it.
    if (!(InNumber() && EndsNumber(byte))) {
      Take(byte);
      ++taken;
    }
    if (pending_ != Event::kNeedMore) {
      return {std::exchange(pending_, Event::kNeedMore), taken};
    }
  }
  if (state_ == State::kInvalid) return {Event::kInvalid, taken};
  if (state_ == State::kTooDeep) return {Event::kTooDeep, taken};
  return {Event::kNeedMore, taken};
}

bool JsonScanner::Finish() const {
  return state_ == State::kDone || (depth_ == 0 && NumberMayEnd());
}

bool JsonScanner::Failed() const {
  return state_ == State::kInvalid || state_ == State::kTooDeep;
}

void JsonScanner::Take(uint8_t byte) {
  switch (state_) {
    case State::kString:
    case State::kEscape:
    case State::kHex:
      return TakeInString(byte);
    case State::kMinus:
    case State::kZero:
    case State::kInteger:
    case State::kPoint:
    case State::kFraction:
    case State::kExponent:
    case State::kExponentSign:
    case State::kExponentDigits:
      return TakeInNumber(byte);
    case State::kLiteral:
      if (byte != static_cast<uint8_t>(*literal_)) return Fail();
      if (*++literal_ == '\0') EndValue();
      return;
    case State::kValue:
    case State::kFirstItem:
    case State::kFirstKey:
    case State::kKey:
    case State::kColon:
    case State::kAfterValue:
    case State::kDone:
      if (!IsSpace(byte)) TakeBetween(byte);
      return;
    case State::kInvalid:
    case State::kTooDeep:
      return;
  }
}

// A byte outside strings, numbers and literals that is no white space.
void JsonScanner::TakeBetween(uint8_t byte) {
  switch (state_) {
    case State::kFirstItem:
      if (byte == ']') return Close(false);
      return BeginValue(byte);
    case State::kFirstKey:
      if (byte == '}') return Close(true);
      return BeginKey(byte);
    case State::kKey:
      return BeginKey(byte);
    case State::kColon:
      if (byte != ':') return Fail();
      state_ = State::kValue;
      return;
    case State::kAfterValue:
      return TakeAfterValue(byte);
    case State::kValue:
      return BeginValue(byte);
    default:  // trailing data
      return Fail();
  }
}

void JsonScanner::BeginValue(uint8_t byte) {
  switch (byte) {
    case '{':
      return Open(true);
    case '[':
      return Open(false);
    case '"':
      state_ = State::kString;
      return;
    case '-':
      state_ = State::kMinus;
      return;
    case '0':
      state_ = State::kZero;
      return;
    case 't':
      return BeginLiteral("rue");
    case 'f':
      return BeginLiteral("alse");
    case 'n':
      return BeginLiteral("ull");
    default:
      if (!IsDigit(byte)) return Fail();
      state_ = State::kInteger;
      return;
  }
}

void JsonScanner::BeginLiteral(const char* rest) {
  literal_ = rest;
  state_ = State::kLiteral;
}

void JsonScanner::BeginKey(uint8_t byte) {
  if (byte != '"') return Fail();
  state_ = State::kString;
  in_key_ = true;
  if (AtTopLevel()) pending_ = Event::kKeyBegin;
}

void JsonScanner::TakeAfterValue(uint8_t byte) {
  const bool object = objects_[depth_ - 1];
  if (byte == '}') return Close(true);
  if (byte == ']') return Close(false);
  if (byte != ',') return Fail();
  value_announced_ = false;
  state_ = object ? State::kKey : State::kValue;
}

void JsonScanner::TakeInString(uint8_t byte) {
  if (state_ == State::kHex) {
    if (!IsHex(byte)) return Fail();
    if (--hex_left_ == 0) state_ = State::kString;
    return;
  }
  if (state_ == State::kEscape) return TakeEscape(byte);
  if (byte == '\\') {
    state_ = State::kEscape;
    return;
  }
  // Whatever else stopped PlainPrefix is a control byte.
  if (byte != '"') return Fail();
  if (!in_key_) return EndValue();
  in_key_ = false;
  state_ = State::kColon;
  if (AtTopLevel()) pending_ = Event::kKeyEnd;
}

void JsonScanner::TakeEscape(uint8_t byte) {
  switch (byte) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      state_ = State::kString;
      return;
    case 'u':
      state_ = State::kHex;
      hex_left_ = 4;
      return;
    default:
      return Fail();
  }
}

// A byte that EndsNumber did not stop at.
void JsonScanner::TakeInNumber(uint8_t byte) {
  const bool digit = IsDigit(byte);
  const bool exponent = byte == 'e' || byte == 'E';
  switch (state_) {
    case State::kMinus:
      if (!digit) return Fail();
      state_ = byte == '0' ? State::kZero : State::kInteger;
      return;
    case State::kZero:
    case State::kInteger:
      if (byte == '.') {
        state_ = State::kPoint;
      } else if (exponent) {
        state_ = State::kExponent;
      } else if (!digit || state_ == State::kZero) {
        Fail();
      }
      return;
    case State::kPoint:
    case State::kFraction:
      if (exponent && state_ == State::kFraction) {
        state_ = State::kExponent;
        return;
      }
      if (!digit) return Fail();
      state_ = State::kFraction;
      return;
    case State::kExponent:
      if (byte == '+' || byte == '-') {
        state_ = State::kExponentSign;
        return;
      }
      [[fallthrough]];
    default:
      if (!digit) return Fail();
      state_ = State::kExponentDigits;
      return;
  }
}

// Ends the number under way if `byte` comes after it.
bool JsonScanner::EndsNumber(uint8_t byte) {
  if (!NumberMayEnd()) return false;
  if (!IsSpace(byte) && byte != ',' && byte != '}' && byte != ']') return false;
  EndValue();
  // At the top level, where no event says so, go on with the byte at once.
  return true;
}

void JsonScanner::Open(bool object) {
  if (depth_ == kMaxDepth) {
    state_ = State::kTooDeep;
    return;
  }
  if (depth_ == 0) {
    is_object_ = object;
    if (object) pending_ = Event::kObjectBegin;
  }
  objects_[depth_++] = object;
  state_ = object ? State::kFirstKey : State::kFirstItem;
}

void JsonScanner::Close(bool object) {
  if (objects_[depth_ - 1] != object) return Fail();
  --depth_;
  if (depth_ == 0 && is_object_) pending_ = Event::kObjectEnd;
  if (depth_ == 0) {
    state_ = State::kDone;
    return;
  }
  EndValue();
}

void JsonScanner::EndValue() {
  state_ = depth_ == 0 ? State::kDone : State::kAfterValue;
  if (AtTopLevel()) pending_ = Event::kValueEnd;
}

bool JsonScanner::AtTopLevel() const { return is_object_ && depth_ == 1; }

bool JsonScanner::AtMemberValue() const {
  return state_ == State::kValue && AtTopLevel() && !value_announced_;
}

bool JsonScanner::InNumber() const {
  return state_ >= State::kMinus && state_ <= State::kExponentDigits;
}

bool JsonScanner::NumberMayEnd() const {
  return state_ == State::kZero || state_ == State::kInteger ||
         state_ == State::kFraction || state_ == State::kExponentDigits;
}

}  // namespace holt::worker
