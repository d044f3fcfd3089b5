// A heap inside one fixed range of memory: boundary tags, size bins, neighbours
// merged on free, everything wiped on free. The range belongs to the caller
// (SecretArena); nothing of the bookkeeping lives outside it but the bin heads,
// which are addresses. Not thread safe.
#ifndef HOLT_COMMON_SECRET_ARENA_HEAP_H_
#define HOLT_COMMON_SECRET_ARENA_HEAP_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace holt {

class ArenaHeap {
 public:
  // `range` is zeroed, aligned to 16 and outlives the heap.
  explicit ArenaHeap(absl::Span<uint8_t> range);
  ArenaHeap(const ArenaHeap&) = delete;
  ArenaHeap& operator=(const ArenaHeap&) = delete;

  // At least `size` zeroed bytes, aligned to 16; null when no free block is
  // large enough. A size of zero gives a block too.
  void* Allocate(size_t size);
  // Wipes and gives back what Allocate returned. Anything else, a second time
  // included, is a bug of ours and ends the process.
  void Free(void* memory);
  // Bytes that may be used at `memory`: at least what was asked for.
  [[nodiscard]] size_t UsableSize(const void* memory) const;

  // Bytes of live blocks, bookkeeping included.
  [[nodiscard]] size_t used() const { return used_; }
  [[nodiscard]] bool Contains(const void* memory) const;

 private:
  struct Block;
  static constexpr size_t kBins = 96;

  static size_t BinOf(size_t block_size);
  Block* FindFree(size_t block_size);
  void InsertFree(Block* block);
  void RemoveFree(Block* block);
  void Split(Block* block, size_t block_size);
  Block* MergeWithNext(Block* block);
  [[nodiscard]] Block* Next(Block* block) const;
  [[nodiscard]] Block* LiveBlock(const void* memory) const;

  uint8_t* begin_;
  uint8_t* end_;
  size_t used_ = 0;
  std::array<Block*, kBins> bins_{};
};

}  // namespace holt

#endif  // HOLT_COMMON_SECRET_ARENA_HEAP_H_
