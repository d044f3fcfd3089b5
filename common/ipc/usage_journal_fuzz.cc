// Both sides of a journal whose memory says anything. The first byte chooses
// what the rest of the input is laid over: the whole file, or all behind the
// constant part of the header (then opening must succeed).
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "common/base/check.h"
#include "common/ipc/usage_journal.h"

namespace {

constexpr uint32_t kCapacity = 8;
constexpr size_t kConstantSize = 40;

holt::UniqueFd MakeJournal() {
  holt::UniqueFd file(::memfd_create("journal", MFD_CLOEXEC));
  HOLT_CHECK(holt::PrepareJournalFile(file.get(), kCapacity).ok());
  return file;
}

void ReadAll(holt::JournalReader& reader) {
  holt::JournalReader::Record record;
  const uint64_t begin = reader.acknowledged();
  HOLT_CHECK(reader.backlog() <= kCapacity);
  for (uint64_t n = begin; n - begin < 2 * kCapacity; ++n) {
    reader.Read(n, record);
    const absl::string_view model = holt::ModelOf(record.values);
    HOLT_CHECK(!model.empty() && model.size() <= holt::kMaxModelText);
  }
  reader.CloseReserved();
  reader.Acknowledge(begin + 1);
  HOLT_CHECK(reader.acknowledged() - begin <= 1);
}

void WriteSome(holt::JournalWriter& writer) {
  for (uint32_t i = 0; i < 2 * kCapacity; ++i) {
    const auto sequence = writer.Reserve(holt::UsageValues{});
    if (!sequence.ok()) break;
    writer.Update(*sequence, holt::UsageValues{});
    writer.Commit(*sequence, holt::UsageValues{});
  }
  HOLT_CHECK(writer.open_records() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const holt::UniqueFd file = MakeJournal();
  const holt::Mapping memory =
      *holt::Mapping::Map(file.get(), holt::JournalFileSize(kCapacity),
                          holt::Mapping::Access::kReadWrite);
  const bool whole = data[0] % 2 == 1;
  const size_t from = whole ? 0 : kConstantSize;
  std::memcpy(memory.data() + from, data + 1,
              std::min(size - 1, memory.size() - from));
  auto reader = holt::JournalReader::Open(file.get());
  HOLT_CHECK(whole || reader.ok());
  if (!reader.ok()) return 0;
  ReadAll(*reader);
  auto writer = holt::JournalWriter::Open(file.get());
  HOLT_CHECK(writer.ok());
  WriteSome(*writer);
  ReadAll(*reader);
  return 0;
}
