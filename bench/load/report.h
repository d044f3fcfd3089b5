// The totals of a run as a table for people or as JSON for
// bench/load/compare.py.
#ifndef HOLT_BENCH_LOAD_REPORT_H_
#define HOLT_BENCH_LOAD_REPORT_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "bench/load/totals.h"

namespace holt::bench {

uint64_t FailureCount(const Totals& totals);

// Several lines, the last ended too.
std::string TableOf(const Totals& totals);

// One object in one line. Times are microseconds.
std::string JsonOf(const Totals& totals);

}  // namespace holt::bench

#endif  // HOLT_BENCH_LOAD_REPORT_H_
