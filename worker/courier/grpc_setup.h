// Keeps gRPC from writing what it sees: its log goes nowhere, and its tracing
// is refused. Courier, before any other use of gRPC.
#ifndef HOLT_WORKER_COURIER_GRPC_SETUP_H_
#define HOLT_WORKER_COURIER_GRPC_SETUP_H_

#include "absl/status/status.h"

namespace holt::worker {

// FailedPrecondition when the environment asks gRPC to trace.
absl::Status SetUpGrpc();

}  // namespace holt::worker

#endif  // HOLT_WORKER_COURIER_GRPC_SETUP_H_
