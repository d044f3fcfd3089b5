#include "worker/courier/grpc_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "common/testing/status_matchers.h"

namespace holt::worker {
namespace {

TEST(GrpcSetupTest, TracingIsRefused) {
  EXPECT_THAT(SetUpGrpc(), IsOk());
  for (const char* name : {"GRPC_TRACE", "GRPC_VERBOSITY"}) {
    ::setenv(name, "", 1);
    EXPECT_THAT(SetUpGrpc(),
                StatusCodeIs(absl::StatusCode::kFailedPrecondition));
    ::unsetenv(name);
  }
  EXPECT_THAT(SetUpGrpc(), IsOk());
}

}  // namespace
}  // namespace holt::worker
