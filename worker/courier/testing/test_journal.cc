#include "worker/courier/testing/test_journal.h"

#include <sys/mman.h>

#include "common/base/check.h"

namespace holt::worker {

UniqueFd MakeTestJournal() {
  UniqueFd file(::memfd_create("test-journal", MFD_CLOEXEC));
  HOLT_CHECK(file.valid());
  HOLT_CHECK(PrepareJournalFile(file.get(), kTestJournalCapacity).ok());
  return file;
}

UsageValues TestUsage(uint64_t prompt_tokens) {
  UsageValues values{};
  values.key_number = 7;
  values.start_unix_us = 1'800'000'000'000'000;
  values.end_unix_us = values.start_unix_us + 1000;
  values.prompt_tokens = prompt_tokens;
  values.http_status = 200;
  values.endpoint = Endpoint::kChatCompletions;
  values.outcome = UsageOutcome::kFinished;
  SetModel(values, "model-a");
  return values;
}

uint64_t Append(JournalWriter& writer, uint64_t prompt_tokens) {
  const auto sequence = writer.Reserve(TestUsage(0));
  HOLT_CHECK(sequence.ok());
  writer.Commit(*sequence, TestUsage(prompt_tokens));
  return *sequence;
}

}  // namespace holt::worker
