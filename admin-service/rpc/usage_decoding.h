// A usage report of the courier as batches for the ledger. Runs in the
// admin-service; the report is hostile: a broken bound refuses it whole, what
// its numbers say is for the ledger to judge.
#ifndef HOLT_ADMIN_SERVICE_RPC_USAGE_DECODING_H_
#define HOLT_ADMIN_SERVICE_RPC_USAGE_DECODING_H_

#include <vector>

#include "absl/status/statusor.h"
#include "admin-service/store/records.h"
#include "proto/holt/internal/v1/courier.pb.h"

namespace holt::admin {

// InvalidArgument: a bound of courier.proto is broken.
absl::StatusOr<std::vector<JournalBatch>> DecodeUsageReport(
    const internal::v1::ReportUsageRequest& report);

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_RPC_USAGE_DECODING_H_
