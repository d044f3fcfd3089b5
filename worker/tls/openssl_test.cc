#include "worker/tls/openssl.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "common/testing/status_matchers.h"

namespace holt::worker {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(OpenSslError, GivesCodesWithoutDataAndEmptiesTheQueue) {
  ERR_raise_data(ERR_LIB_SSL, SSL_R_BAD_LENGTH, "bytes of a peer");
  ERR_raise(ERR_LIB_SSL, SSL_R_BAD_EXTENSION);
  const absl::Status status = OpenSslError("trying");
  EXPECT_THAT(std::string(status.message()), HasSubstr("trying [0a"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("peer")));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(ParseCertificates, RefusesWhatIsNone) {
  for (const char* text : {"", "text", "-----BEGIN CERTIFICATE-----\nAAAA\n"}) {
    EXPECT_THAT(ParseCertificates(nullptr, text),
                StatusCodeIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(ERR_peek_error(), 0u);
  }
}

}  // namespace
}  // namespace holt::worker
