// Which limiter cell belongs to which key: numbers that stay with a key while
// it lives, and rest before another key gets them, so that nobody is charged
// for an earlier key's requests. Courier only, on its loop's thread.
#ifndef HOLT_WORKER_COURIER_CELL_ALLOCATOR_H_
#define HOLT_WORKER_COURIER_CELL_ALLOCATOR_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace holt::worker {

class CellAllocator {
 public:
  // Cells 0 to `cells` - 1, of which those marked in `in_use` are taken.
  CellAllocator(uint32_t cells, const std::vector<bool>& in_use, int64_t now);

  // A free cell: one that rested for the longest window there can be, else one
  // never used, else the one that rested longest. nullopt: all are taken.
  std::optional<uint32_t> Take(int64_t now);
  // Gives a taken cell back.
  void Give(uint32_t cell, int64_t now);
  // Gives back all taken cells that `in_use` does not mark.
  void KeepOnly(const std::vector<bool>& in_use, int64_t now);

 private:
  // Each cell is in one place: taken, resting, or never used.
  struct Resting {
    uint32_t cell = 0;
    int64_t since = 0;
  };
  uint32_t cells_;
  uint32_t never_used_ = 0;  // it and all after it
  std::vector<bool> taken_;
  std::deque<Resting> resting_;  // longest first
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_COURIER_CELL_ALLOCATOR_H_
