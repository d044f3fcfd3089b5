// A journal of a few records in memory, and values to put into it. Tests only.
#ifndef HOLT_WORKER_COURIER_TESTING_TEST_JOURNAL_H_
#define HOLT_WORKER_COURIER_TESTING_TEST_JOURNAL_H_

#include <cstdint>

#include "common/base/unique_fd.h"
#include "common/ipc/usage_journal.h"

namespace holt::worker {

inline constexpr uint32_t kTestJournalCapacity = 16;

// A prepared journal; each has an id of its own.
UniqueFd MakeTestJournal();

// A finished request with `prompt_tokens`.
UsageValues TestUsage(uint64_t prompt_tokens);

// Reserves and commits one record; returns its sequence.
uint64_t Append(JournalWriter& writer, uint64_t prompt_tokens);

}  // namespace holt::worker

#endif  // HOLT_WORKER_COURIER_TESTING_TEST_JOURNAL_H_
