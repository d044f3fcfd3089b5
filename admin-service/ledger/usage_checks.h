// What a usage record may say. Runs in the admin-service; the record was
// written by a worker that may have been taken over.
#ifndef HOLT_ADMIN_SERVICE_LEDGER_USAGE_CHECKS_H_
#define HOLT_ADMIN_SERVICE_LEDGER_USAGE_CHECKS_H_

#include "absl/time/time.h"
#include "admin-service/store/records.h"

namespace holt::admin {

// Whether the record can be true at `now`: counts, times, model, numbers within
// their bounds.
bool IsPlausible(const UsageRecord& record, absl::Time now);

// Parts that exceed their whole are cut to it, a missing total is made up.
void Normalise(UsageRecord& record);

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_LEDGER_USAGE_CHECKS_H_
