// Where plaintext lives while it passes through a worker: blocks of 16 KiB out
// of a bounded pool, and FIFO buffers made of them. The bytes are confidential
// and hostile; a block is wiped before anybody else gets it.
//
// Ownership: the pool outlives every buffer; a buffer owns its blocks.
#ifndef HOLT_WORKER_NET_BUFFER_H_
#define HOLT_WORKER_NET_BUFFER_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace holt::worker {

inline constexpr size_t kBlockSize = 16 * 1024;

// The blocks of one worker. They lie in mapped regions of 64 that are kept out
// of core dumps, locked as far as the limit on locked memory goes, and never
// part of a huge page. A region that empties is unmapped again (one is kept as
// a reserve), so that a peak leaves nothing behind.
class BufferPool {
 public:
  // At most `max_bytes` are handed out at one time.
  explicit BufferPool(size_t max_bytes);
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  // In blocks that are handed out, full or not.
  [[nodiscard]] size_t used_bytes() const { return used_blocks_ * kBlockSize; }
  [[nodiscard]] size_t max_bytes() const { return max_blocks_ * kBlockSize; }
  // No further block can be had until one is released.
  [[nodiscard]] bool exhausted() const { return used_blocks_ == max_blocks_; }
  // Mapped at the moment, in use or not.
  [[nodiscard]] size_t mapped_bytes() const;

 private:
  friend class ChunkBuffer;
  class Region;

  struct Block {
    Block* next = nullptr;
    Region* region = nullptr;
    uint8_t* data = nullptr;
    size_t begin = 0;  // first byte not consumed
    size_t end = 0;    // after the last byte written
  };

  // Null when exhausted.
  Block* Acquire();
  // Wipes what was written.
  void Release(Block* block);
  Region* RegionWithRoom();
  void DropSurplus(Region& emptied);

  size_t max_blocks_;
  size_t used_blocks_ = 0;
  std::vector<std::unique_ptr<Region>> regions_;
};

// A FIFO of bytes. Move-only. Consumed bytes are wiped at the latest when their
// block is released, which happens as soon as all of it is consumed.
class ChunkBuffer {
 public:
  explicit ChunkBuffer(BufferPool& pool) : pool_(&pool) {}
  ChunkBuffer(ChunkBuffer&& other) noexcept;
  ChunkBuffer& operator=(ChunkBuffer&& other) noexcept;
  ChunkBuffer(const ChunkBuffer&) = delete;
  ChunkBuffer& operator=(const ChunkBuffer&) = delete;
  ~ChunkBuffer() { Clear(); }

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  // Contiguous room to write into, at least 1 byte; empty when the pool is
  // exhausted. Must be followed by Commit(n), also when nothing was written.
  // What is written beyond `n` is not wiped, so a failed read must leave
  // nothing there.
  absl::Span<uint8_t> Tail();
  void Commit(size_t n);

  // All of `bytes`, or nothing and false when the pool has not the room. The
  // failure is remembered: who sends this buffer must not send a text with a
  // hole in it, and asks overflowed() once instead of after every piece.
  bool Append(absl::Span<const uint8_t> bytes);
  bool Append(absl::string_view text);
  // An Append failed since the last Clear (here, or in a buffer that was moved
  // in here).
  [[nodiscard]] bool overflowed() const { return overflowed_; }

  // The first contiguous piece; empty only when the buffer is.
  [[nodiscard]] absl::Span<const uint8_t> Front() const;
  // Drops the first `n` <= size() bytes.
  void Consume(size_t n);
  // Points up to `max` vectors at the content, in order; returns how many.
  size_t Gather(iovec* vectors, size_t max) const;

  // Appends all of `other` and leaves it empty. Whole blocks change hands; a
  // small content that fits into the last block is copied there, so that many
  // small pieces do not hold a block each. Both are of the same pool.
  void MoveAllFrom(ChunkBuffer& other);

  // Wipes and releases all.
  void Clear();

 private:
  using Block = BufferPool::Block;
  [[nodiscard]] size_t LastRoom() const;
  void Link(Block* block);
  void DropFront();

  BufferPool* pool_;
  // Linked blocks are never empty.
  Block* first_ = nullptr;
  Block* last_ = nullptr;
  Block* tail_ = nullptr;  // handed out by Tail(), linked by Commit()
  size_t size_ = 0;
  bool overflowed_ = false;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_NET_BUFFER_H_
