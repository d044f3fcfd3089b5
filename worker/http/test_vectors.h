// Reads the test vectors of testdata/README.md. Tests only.
#ifndef HOLT_WORKER_HTTP_TEST_VECTORS_H_
#define HOLT_WORKER_HTTP_TEST_VECTORS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace holt::worker {

struct TestVector {
  std::string id;
  std::string group;  // "class" in the file
  std::string must;
  std::string bytes;
  bool stream = false;
  // Prompt and completion tokens that an answer's usage must give.
  std::optional<std::pair<uint64_t, uint64_t>> usage;

  [[nodiscard]] absl::Span<const uint8_t> span() const {
    return absl::Span<const uint8_t>(
        reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }
};

// All vectors of one file; ends the test program when it cannot be read.
std::vector<TestVector> ReadTestVectors(const std::string& path);

// Those of HOLT_SHARED_VECTORS/<folder>/*.jsonl that have raw bytes; none when
// the variable is not set.
std::vector<TestVector> ReadSharedVectors(const std::string& folder);

}  // namespace holt::worker

#endif  // HOLT_WORKER_HTTP_TEST_VECTORS_H_
