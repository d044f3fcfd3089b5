// A worker's look into a key table whose memory says anything: the input is
// laid over the table behind its magic, repeated until it is full.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "common/base/check.h"
#include "common/ipc/key_table.h"

namespace {

constexpr uint32_t kMaxKeys = 8;
constexpr size_t kMagicSize = 8;

struct Table {
  holt::UniqueFd fd =
      *holt::MakeSharedMemory("table", holt::KeyTableSize(kMaxKeys));
  holt::KeyTableWriter writer = *holt::KeyTableWriter::Open(fd.get(), kMaxKeys);
  holt::KeyTableReader reader = *holt::KeyTableReader::Open(fd.get(), kMaxKeys);
  holt::Mapping memory =
      *holt::Mapping::Map(fd.get(), holt::KeyTableSize(kMaxKeys),
                          holt::Mapping::Access::kReadWrite);
};

void Fill(const holt::Mapping& memory, const uint8_t* data, size_t size) {
  for (size_t at = kMagicSize; at < memory.size(); at += size) {
    std::memcpy(memory.data() + at, data, std::min(size, memory.size() - at));
  }
}

void Look(const holt::KeyTableReader& reader, const holt::KeyDigest& digest) {
  const auto policy = reader.Find(digest);
  if (!policy.has_value()) return;
  HOLT_CHECK(::strnlen(policy->key_id, sizeof(policy->key_id)) <
             sizeof(policy->key_id));
  HOLT_CHECK(::strnlen(policy->label, sizeof(policy->label)) <
             sizeof(policy->label));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Table& table = *new Table;
  if (size == 0) return 0;
  Fill(table.memory, data, size);
  holt::KeyDigest digest{};
  Look(table.reader, digest);
  for (size_t at = 0; at + digest.size() <= size; at += 8) {
    std::memcpy(digest.data(), data + at, digest.size());
    Look(table.reader, digest);
  }
  static_cast<void>(table.reader.settings());
  // The next courier takes the same memory over and repairs it.
  auto writer = holt::KeyTableWriter::Open(table.fd.get(), kMaxKeys);
  HOLT_CHECK(writer.ok());
  writer->BeginSnapshot();
  writer->Put(digest, holt::KeyPolicy{.key_number = 1}).IgnoreError();
  writer->EndSnapshot();
  HOLT_CHECK(writer->size() <= 1);
  return 0;
}
