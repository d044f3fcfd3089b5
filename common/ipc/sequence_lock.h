// A value in shared memory with one writer and any number of readers that never
// block it: a sequence lock. The version is odd while the writer is inside. The
// words are atomics of their own, so a reader that races with the writer reads
// old and new words, never undefined ones, and sees by the version that it did.
//
// The writer may be killed inside: the version then stays odd and Load gives up
// after a bounded number of looks. All-zero memory is a valid, zero value.
#ifndef HOLT_COMMON_IPC_SEQUENCE_LOCK_H_
#define HOLT_COMMON_IPC_SEQUENCE_LOCK_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace holt {

template <typename Value>
class SequenceLocked {
 public:
  static_assert(std::is_trivially_copyable_v<Value>);
  static_assert(sizeof(Value) % sizeof(uint64_t) == 0);

  // Copies the value out. False, with `value` as it was, when the writer was
  // inside at every look.
  bool Load(Value& value) const {
    for (int look = 0; look < kLooks; ++look) {
      const uint64_t before = version_.load(std::memory_order_acquire);
      if (before % 2 == 1) continue;
      Words words;
      // Acquire: a word of a newer value brings the newer version along.
      for (size_t i = 0; i < words.size(); ++i) {
        words[i] = words_[i].load(std::memory_order_acquire);
      }
      if (version_.load(std::memory_order_relaxed) != before) continue;
      std::memcpy(&value, words.data(), sizeof(value));
      return true;
    }
    return false;
  }

  // Replaces the value. For the one writer; also what a killed one left half
  // done.
  void Store(const Value& value) {
    Words words;
    std::memcpy(words.data(), &value, sizeof(value));
    const uint64_t inside = (version_.load(std::memory_order_relaxed) + 1) | 1;
    version_.store(inside, std::memory_order_relaxed);
    // Release: who sees one of these words sees the odd version too.
    for (size_t i = 0; i < words.size(); ++i) {
      words_[i].store(words[i], std::memory_order_release);
    }
    version_.store(inside + 1, std::memory_order_release);
  }

  // True when a writer is inside, or died there.
  [[nodiscard]] bool torn() const {
    return version_.load(std::memory_order_acquire) % 2 == 1;
  }

 private:
  using Words = std::array<uint64_t, sizeof(Value) / sizeof(uint64_t)>;
  // A live writer is inside for some tens of nanoseconds.
  static constexpr int kLooks = 4096;

  std::atomic<uint64_t> version_;
  std::atomic<uint64_t> words_[sizeof(Value) / sizeof(uint64_t)];
};

static_assert(std::atomic<uint64_t>::is_always_lock_free);

}  // namespace holt

#endif  // HOLT_COMMON_IPC_SEQUENCE_LOCK_H_
