#include "worker/courier/cell_allocator.h"

namespace holt::worker {
namespace {

// The bound of courier.proto: a day, in nanoseconds.
constexpr int64_t kLongestWindow = int64_t{24} * 3600 * 1'000'000'000;

}  // namespace

CellAllocator::CellAllocator(uint32_t cells, const std::vector<bool>& in_use,
                             int64_t now)
    : cells_(cells), taken_(in_use) {
  taken_.resize(cells, false);
  for (uint32_t cell = 0; cell < cells; ++cell) {
    if (taken_[cell]) never_used_ = cell + 1;
  }
  // Holes: whoever had them before this courier started is not known.
  for (uint32_t cell = 0; cell < never_used_; ++cell) {
    if (!taken_[cell]) resting_.push_back({cell, now});
  }
}

std::optional<uint32_t> CellAllocator::Take(int64_t now) {
  uint32_t cell = never_used_;
  const bool rested =
      !resting_.empty() && now - resting_.front().since >= kLongestWindow;
  if (rested || never_used_ == cells_) {
    if (resting_.empty()) return std::nullopt;
    cell = resting_.front().cell;
    resting_.pop_front();
  } else {
    ++never_used_;
  }
  taken_[cell] = true;
  return cell;
}

void CellAllocator::Give(uint32_t cell, int64_t now) {
  if (cell >= cells_ || !taken_[cell]) return;
  taken_[cell] = false;
  resting_.push_back({cell, now});
}

void CellAllocator::KeepOnly(const std::vector<bool>& in_use, int64_t now) {
  for (uint32_t cell = 0; cell < never_used_; ++cell) {
    if (cell >= in_use.size() || !in_use[cell]) Give(cell, now);
  }
}

}  // namespace holt::worker
