// An incremental, strict JSON (RFC 8259) recogniser that reports where the
// members of the top-level object begin and end. Worker; hostile bytes, from
// clients and upstreams. It keeps a few words of state and never a byte of the
// text, so there is nothing to wipe, and 100,000 open brackets cost what it
// takes to read 129 of them.
//
// Not checked here: UTF-8 (request bodies: json_body), duplicate keys, and that
// a surrogate escape has its other half (such texts pass on unread).
#ifndef HOLT_WORKER_HTTP_JSON_SCANNER_H_
#define HOLT_WORKER_HTTP_JSON_SCANNER_H_

#include <bitset>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace holt::worker {

class JsonScanner {
 public:
  enum class Event : uint8_t {
    kNeedMore,     // all bytes were taken
    kObjectBegin,  // the top-level object: its "{" is the last byte taken
    kKeyBegin,     // of a top-level member: its opening quote was just taken
    kKeyEnd,       // its closing quote was just taken
    kValueBegin,   // the value's first byte is the next byte, not yet taken
    kValueEnd,     // the value's last byte is the last byte taken
    kObjectEnd,    // the top-level "}" is the last byte taken
    kInvalid,      // for good
    kTooDeep,      // for good
  };
  struct Step {
    Event event = Event::kNeedMore;
    size_t consumed = 0;
  };

  static constexpr size_t kMaxDepth = 128;

  // Takes some of `bytes` and stops after one event.
  Step Next(absl::Span<const uint8_t> bytes);
  // No more bytes will come: true when they were one whole JSON text.
  [[nodiscard]] bool Finish() const;
  // The text is an object (known from its first byte on).
  [[nodiscard]] bool is_object() const { return is_object_; }
  void Reset() { *this = JsonScanner(); }

 private:
  enum class State : uint8_t {
    kValue,      // a value must come
    kFirstItem,  // a value or "]"
    kFirstKey,   // a key or "}"
    kKey,        // a key must come
    kColon,
    kAfterValue,  // "," or the closing bracket
    kString,
    kEscape,
    kHex,
    kMinus,
    kZero,
    kInteger,
    kPoint,
    kFraction,
    kExponent,
    kExponentSign,
    kExponentDigits,
    kLiteral,
    kDone,  // only white space may follow
    kInvalid,
    kTooDeep,
  };

  void Take(uint8_t byte);
  void TakeBetween(uint8_t byte);
  void BeginValue(uint8_t byte);
  void BeginLiteral(const char* rest);
  void BeginKey(uint8_t byte);
  void TakeAfterValue(uint8_t byte);
  void TakeInString(uint8_t byte);
  void TakeEscape(uint8_t byte);
  void TakeInNumber(uint8_t byte);
  bool EndsNumber(uint8_t byte);
  void Open(bool object);
  void Close(bool object);
  void EndValue();
  void Fail() { state_ = State::kInvalid; }
  [[nodiscard]] bool Failed() const;
  [[nodiscard]] bool InNumber() const;
  [[nodiscard]] bool NumberMayEnd() const;
  [[nodiscard]] bool AtTopLevel() const;
  [[nodiscard]] bool AtMemberValue() const;

  State state_ = State::kValue;
  Event pending_ = Event::kNeedMore;  // what Take found
  std::bitset<kMaxDepth> objects_;    // per depth: object, not array
  size_t depth_ = 0;
  const char* literal_ = nullptr;  // what must still come of true, false, null
  int hex_left_ = 0;
  bool is_object_ = false;
  bool in_key_ = false;
  bool value_announced_ = false;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_HTTP_JSON_SCANNER_H_
