// The same answer gives the same usage and model however it is cut.
#include <algorithm>

#include "common/base/check.h"
#include "worker/meter/member_watcher.h"

namespace holt::worker {
namespace {

void Watch(absl::Span<const uint8_t> answer, size_t piece,
           MemberWatcher& watcher) {
  while (!answer.empty()) {
    const size_t size = std::min(piece, answer.size());
    watcher.Feed(answer.first(size));
    answer.remove_prefix(size);
  }
  watcher.Finish();
}

}  // namespace
}  // namespace holt::worker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holt::worker;
  const absl::Span<const uint8_t> answer(data, size);
  MemberWatcher whole;
  Watch(answer, size, whole);
  for (const size_t piece : {1u, 6u}) {
    MemberWatcher pieces;
    Watch(answer, piece, pieces);
    HOLT_CHECK(pieces.usage().state == whole.usage().state);
    HOLT_CHECK(pieces.usage().usage == whole.usage().usage);
    HOLT_CHECK(pieces.model() == whole.model());
  }
  return 0;
}
