#include "common/secret/arena_heap.h"

#include <string.h>

#include <bit>

#include "common/base/check.h"

namespace holt {
namespace {

constexpr size_t kAlignment = 16;
constexpr size_t kUsed = 1;
// Below this, one bin per size; above, one per power of two.
constexpr size_t kSmall = 1024;
constexpr size_t kSmallBins = kSmall / kAlignment;

}  // namespace

// A block starts with its own size and that of its left neighbour. The links
// are there while it is free; to a live block they are the first payload bytes.
struct ArenaHeap::Block {
  size_t previous_size;  // 0: the first block
  size_t size_and_used;  // whole block; multiple of 16, lowest bit: live
  Block* next_free;
  Block* previous_free;

  [[nodiscard]] size_t size() const { return size_and_used & ~kUsed; }
  [[nodiscard]] bool used() const { return (size_and_used & kUsed) != 0; }
  uint8_t* payload() { return reinterpret_cast<uint8_t*>(&next_free); }
};

namespace {
constexpr size_t kHeader = 2 * sizeof(size_t);
constexpr size_t kMinBlock = kHeader + 2 * sizeof(void*);
static_assert(kHeader % kAlignment == 0);
}  // namespace

ArenaHeap::ArenaHeap(absl::Span<uint8_t> range)
    : begin_(range.data()),
      end_(range.data() + range.size() / kAlignment * kAlignment) {
  HOLT_CHECK(reinterpret_cast<uintptr_t>(begin_) % kAlignment == 0);
  HOLT_CHECK(range.size() >= kMinBlock);
  auto* whole = reinterpret_cast<Block*>(begin_);
  whole->size_and_used = static_cast<size_t>(end_ - begin_);
  InsertFree(whole);
}

size_t ArenaHeap::BinOf(size_t block_size) {
  if (block_size < kSmall) return block_size / kAlignment;
  const size_t log = std::bit_width(block_size) - std::bit_width(kSmall);
  return kSmallBins + (log < kBins - kSmallBins ? log : kBins - kSmallBins - 1);
}

ArenaHeap::Block* ArenaHeap::Next(Block* block) const {
  uint8_t* next = reinterpret_cast<uint8_t*>(block) + block->size();
  return next == end_ ? nullptr : reinterpret_cast<Block*>(next);
}

void ArenaHeap::InsertFree(Block* block) {
  Block*& head = bins_[BinOf(block->size())];
  block->next_free = head;
  block->previous_free = nullptr;
  if (head != nullptr) head->previous_free = block;
  head = block;
}

void ArenaHeap::RemoveFree(Block* block) {
  if (block->previous_free != nullptr) {
    block->previous_free->next_free = block->next_free;
  } else {
    bins_[BinOf(block->size())] = block->next_free;
  }
  if (block->next_free != nullptr) {
    block->next_free->previous_free = block->previous_free;
  }
  block->next_free = nullptr;
  block->previous_free = nullptr;
}

ArenaHeap::Block* ArenaHeap::FindFree(size_t block_size) {
  for (size_t bin = BinOf(block_size); bin < kBins; ++bin) {
    for (Block* block = bins_[bin]; block != nullptr;
         block = block->next_free) {
      if (block->size() >= block_size) return block;
    }
  }
  return nullptr;
}

// Cuts a block that is on no list down to `block_size`; the rest becomes a free
// block if it is large enough to be one.
void ArenaHeap::Split(Block* block, size_t block_size) {
  const size_t rest = block->size() - block_size;
  if (rest < kMinBlock) return;
  block->size_and_used = block_size;
  auto* tail =
      reinterpret_cast<Block*>(reinterpret_cast<uint8_t*>(block) + block_size);
  tail->previous_size = block_size;
  tail->size_and_used = rest;
  if (Block* next = Next(tail)) next->previous_size = rest;
  InsertFree(tail);
}

void* ArenaHeap::Allocate(size_t size) {
  if (size > static_cast<size_t>(end_ - begin_)) return nullptr;
  const size_t payload = (size + kAlignment - 1) / kAlignment * kAlignment;
  const size_t block_size =
      payload + kHeader < kMinBlock ? kMinBlock : payload + kHeader;
  Block* block = FindFree(block_size);
  if (block == nullptr) return nullptr;
  RemoveFree(block);
  Split(block, block_size);
  block->size_and_used |= kUsed;
  used_ += block->size();
  return block->payload();
}

// Absorbs the right neighbour of `block` if that is free. Neither is on a list
// afterwards, and free memory stays zeroed but for one header.
ArenaHeap::Block* ArenaHeap::MergeWithNext(Block* block) {
  Block* next = Next(block);
  if (next == nullptr || next->used()) return block;
  RemoveFree(next);
  block->size_and_used += next->size();
  ::explicit_bzero(next, sizeof(Block));
  if (Block* after = Next(block)) after->previous_size = block->size();
  return block;
}

void ArenaHeap::Free(void* memory) {
  Block* block = LiveBlock(memory);
  used_ -= block->size();
  ::explicit_bzero(block->payload(), block->size() - kHeader);
  block->size_and_used = block->size();
  block = MergeWithNext(block);
  if (block->previous_size != 0) {
    auto* previous = reinterpret_cast<Block*>(
        reinterpret_cast<uint8_t*>(block) - block->previous_size);
    if (!previous->used()) {
      RemoveFree(previous);
      InsertFree(block);  // so that the merge finds it on its list
      block = MergeWithNext(previous);
    }
  }
  InsertFree(block);
}

ArenaHeap::Block* ArenaHeap::LiveBlock(const void* memory) const {
  HOLT_CHECK(Contains(memory));
  HOLT_CHECK(reinterpret_cast<uintptr_t>(memory) % kAlignment == 0);
  auto* block = reinterpret_cast<Block*>(
      const_cast<uint8_t*>(static_cast<const uint8_t*>(memory)) - kHeader);
  HOLT_CHECK(block->used());
  HOLT_CHECK(block->size() <=
             static_cast<size_t>(end_ - reinterpret_cast<uint8_t*>(block)));
  return block;
}

size_t ArenaHeap::UsableSize(const void* memory) const {
  return LiveBlock(memory)->size() - kHeader;
}

bool ArenaHeap::Contains(const void* memory) const {
  const auto* byte = static_cast<const uint8_t*>(memory);
  return byte >= begin_ + kHeader && byte < end_;
}

}  // namespace holt
