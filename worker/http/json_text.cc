#include "worker/http/json_text.h"

namespace holt::worker {
namespace {

uint32_t HexValue(char digit) {
  if (digit <= '9') return static_cast<uint32_t>(digit - '0');
  return static_cast<uint32_t>((digit | 0x20) - 'a') + 10;
}

uint8_t SimpleEscape(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:  // quote, backslash and slash stand for themselves
      return static_cast<uint8_t>(letter);
  }
}

bool IsHighSurrogate(uint32_t unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool IsLowSurrogate(uint32_t unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

// UTF-8 of `point`, last byte first; returns the number of bytes.
int EncodeBackwards(uint32_t point, uint8_t* out) {
  if (point < 0x80) {
    out[0] = static_cast<uint8_t>(point);
    return 1;
  }
  const int size = point < 0x800 ? 2 : (point < 0x10000 ? 3 : 4);
  for (int i = 0; i < size - 1; ++i) {
    out[i] = static_cast<uint8_t>(0x80 | (point & 0x3f));
    point >>= 6;
  }
  out[size - 1] = static_cast<uint8_t>((0xf00 >> size) | point);
  return size;
}

}  // namespace

int JsonTextCursor::Next() {
  if (ready_size_ > 0) return ready_[--ready_size_];
  if (raw_.empty()) return -1;
  const char first = raw_.front();
  raw_.remove_prefix(1);
  if (first != '\\' || raw_.empty()) return static_cast<uint8_t>(first);
  LoadEscape();
  return ready_[--ready_size_];
}

void JsonTextCursor::LoadEscape() {
  const char letter = raw_.front();
  raw_.remove_prefix(1);
  if (letter != 'u' || raw_.size() < 4) {
    ready_[0] = SimpleEscape(letter);
    ready_size_ = 1;
    return;
  }
  uint32_t point = TakeHex();
  if (IsHighSurrogate(point) && raw_.size() >= 6 && raw_[0] == '\\' &&
      raw_[1] == 'u') {
    const absl::string_view before = raw_;
    raw_.remove_prefix(2);
    const uint32_t low = TakeHex();
    if (IsLowSurrogate(low)) {
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    } else {
      raw_ = before;
    }
  }
  ready_size_ = EncodeBackwards(point, ready_);
}

uint32_t JsonTextCursor::TakeHex() {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value * 16 + HexValue(raw_[i]);
  raw_.remove_prefix(4);
  return value;
}

bool SameJsonText(absl::string_view a, absl::string_view b) {
  JsonTextCursor left(a);
  JsonTextCursor right(b);
  while (true) {
    const int byte = left.Next();
    if (byte != right.Next()) return false;
    if (byte < 0) return true;
  }
}

}  // namespace holt::worker
