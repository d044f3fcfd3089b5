#include "worker/net/buffer.h"

#include <string.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/base/check.h"

namespace holt::worker {
namespace {

constexpr size_t kBlocksPerRegion = 64;
constexpr size_t kRegionSize = kBlocksPerRegion * kBlockSize;
constexpr uint64_t kAllFree = ~uint64_t{0};

// With less room than this left in its last block a buffer takes a further one,
// so that reads are not cut into small ones.
constexpr size_t kSmallestTail = 2048;

// MAP_LOCKED instead of mlock: one call less for the sandbox to allow. Beyond
// the limit on locked memory the swap check at start is what protects.
uint8_t* MapRegion() {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS;
  constexpr int kProtection = PROT_READ | PROT_WRITE;
  void* region =
      ::mmap(nullptr, kRegionSize, kProtection, kFlags | MAP_LOCKED, -1, 0);
  if (region == MAP_FAILED) {
    region = ::mmap(nullptr, kRegionSize, kProtection, kFlags, -1, 0);
  }
  HOLT_CHECK(region != MAP_FAILED);
  ::madvise(region, kRegionSize, MADV_DONTDUMP);
  ::madvise(region, kRegionSize, MADV_NOHUGEPAGE);
  return static_cast<uint8_t*>(region);
}

}  // namespace

class BufferPool::Region {
 public:
  Region() : memory_(MapRegion()) {
    for (size_t i = 0; i < kBlocksPerRegion; ++i) {
      blocks_[i].region = this;
      blocks_[i].data = memory_ + i * kBlockSize;
    }
  }
  ~Region() { ::munmap(memory_, kRegionSize); }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  [[nodiscard]] bool full() const { return free_ == 0; }
  [[nodiscard]] bool unused() const { return free_ == kAllFree; }

  Block* Take() {
    const auto index = static_cast<size_t>(std::countr_zero(free_));
    free_ &= free_ - 1;
    return &blocks_[index];
  }
  void Return(const Block& block) {
    free_ |= uint64_t{1} << (&block - blocks_.data());
  }

 private:
  uint8_t* memory_;
  uint64_t free_ = kAllFree;  // one bit per block
  std::array<Block, kBlocksPerRegion> blocks_;
};

BufferPool::BufferPool(size_t max_bytes)
    : max_blocks_(std::max<size_t>(max_bytes / kBlockSize, 1)) {}

BufferPool::~BufferPool() { HOLT_CHECK(used_blocks_ == 0); }

size_t BufferPool::mapped_bytes() const {
  return regions_.size() * kRegionSize;
}

// The first one with room, so that the later ones run empty and can go.
BufferPool::Region* BufferPool::RegionWithRoom() {
  for (const std::unique_ptr<Region>& region : regions_) {
    if (!region->full()) return region.get();
  }
  regions_.push_back(std::make_unique<Region>());
  return regions_.back().get();
}

BufferPool::Block* BufferPool::Acquire() {
  if (exhausted()) return nullptr;
  ++used_blocks_;
  Block* block = RegionWithRoom()->Take();
  block->next = nullptr;
  block->begin = block->end = 0;
  return block;
}

void BufferPool::Release(Block* block) {
  ::explicit_bzero(block->data, block->end);
  --used_blocks_;
  Region& region = *block->region;
  region.Return(*block);
  if (region.unused()) DropSurplus(region);
}

void BufferPool::DropSurplus(Region& emptied) {
  const bool another = std::any_of(
      regions_.begin(), regions_.end(),
      [&emptied](const auto& r) { return r.get() != &emptied && r->unused(); });
  if (!another) return;
  regions_.erase(
      std::find_if(regions_.begin(), regions_.end(),
                   [&emptied](const auto& r) { return r.get() == &emptied; }));
}

ChunkBuffer::ChunkBuffer(ChunkBuffer&& other) noexcept
    : pool_(other.pool_),
      first_(std::exchange(other.first_, nullptr)),
      last_(std::exchange(other.last_, nullptr)),
      tail_(std::exchange(other.tail_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      overflowed_(std::exchange(other.overflowed_, false)) {}

ChunkBuffer& ChunkBuffer::operator=(ChunkBuffer&& other) noexcept {
  if (this == &other) return *this;
  Clear();
  pool_ = other.pool_;
  first_ = std::exchange(other.first_, nullptr);
  last_ = std::exchange(other.last_, nullptr);
  tail_ = std::exchange(other.tail_, nullptr);
  size_ = std::exchange(other.size_, 0);
  overflowed_ = std::exchange(other.overflowed_, false);
  return *this;
}

size_t ChunkBuffer::LastRoom() const {
  return last_ == nullptr ? 0 : kBlockSize - last_->end;
}

void ChunkBuffer::Link(Block* block) {
  (first_ == nullptr ? first_ : last_->next) = block;
  last_ = block;
}

absl::Span<uint8_t> ChunkBuffer::Tail() {
  if (tail_ == nullptr && LastRoom() < kSmallestTail) tail_ = pool_->Acquire();
  if (tail_ != nullptr) return {tail_->data, kBlockSize};
  if (LastRoom() == 0) return {};
  return {last_->data + last_->end, LastRoom()};
}

void ChunkBuffer::Commit(size_t n) {
  if (Block* fresh = std::exchange(tail_, nullptr); fresh != nullptr) {
    if (n == 0) return pool_->Release(fresh);
    Link(fresh);
  }
  HOLT_CHECK(n <= LastRoom());
  if (n == 0) return;
  last_->end += n;
  size_ += n;
}

bool ChunkBuffer::Append(absl::Span<const uint8_t> bytes) {
  const size_t room = LastRoom() + (pool_->max_bytes() - pool_->used_bytes());
  if (bytes.size() > room) {
    overflowed_ = true;
    return false;
  }
  while (!bytes.empty()) {
    if (LastRoom() == 0) Link(pool_->Acquire());
    const size_t now = std::min(bytes.size(), LastRoom());
    std::memcpy(last_->data + last_->end, bytes.data(), now);
    last_->end += now;
    size_ += now;
    bytes.remove_prefix(now);
  }
  return true;
}

bool ChunkBuffer::Append(absl::string_view text) {
  return Append(absl::MakeConstSpan(
      reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

absl::Span<const uint8_t> ChunkBuffer::Front() const {
  if (first_ == nullptr) return {};
  return {first_->data + first_->begin, first_->end - first_->begin};
}

void ChunkBuffer::DropFront() {
  Block* block = first_;
  first_ = block->next;
  if (first_ == nullptr) last_ = nullptr;
  pool_->Release(block);
}

void ChunkBuffer::Consume(size_t n) {
  HOLT_CHECK(n <= size_);
  size_ -= n;
  while (first_ != nullptr) {
    const size_t here = std::min(n, first_->end - first_->begin);
    first_->begin += here;
    n -= here;
    if (first_->begin != first_->end) return;
    DropFront();
  }
}

size_t ChunkBuffer::Gather(iovec* vectors, size_t max) const {
  size_t count = 0;
  for (const Block* block = first_; block != nullptr && count < max;
       block = block->next) {
    vectors[count++] = {block->data + block->begin, block->end - block->begin};
  }
  return count;
}

void ChunkBuffer::MoveAllFrom(ChunkBuffer& other) {
  HOLT_CHECK(pool_ == other.pool_ && this != &other);
  overflowed_ = overflowed_ || other.overflowed_;
  if (other.size_ <= LastRoom()) {
    for (Block* block = other.first_; block != nullptr; block = block->next) {
      Append(absl::MakeConstSpan(block->data + block->begin,
                                 block->end - block->begin));
    }
    other.Clear();
    return;
  }
  Link(other.first_);
  last_ = other.last_;
  size_ += other.size_;
  other.first_ = other.last_ = nullptr;
  other.size_ = 0;
  other.overflowed_ = false;
}

void ChunkBuffer::Clear() {
  Commit(0);
  while (first_ != nullptr) DropFront();
  size_ = 0;
  overflowed_ = false;
}

}  // namespace holt::worker
