#include "common/secret/openssl_arena.h"

#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "common/testing/status_matchers.h"

namespace holt {
namespace {

// One test: the hooks are set once in a process and cannot be taken back.
TEST(OpenSslArenaTest, EveryAllocationOfOpenSslIsInTheArena) {
  auto made = SecretArena::Create({});
  ASSERT_THAT(made, IsOk());
  const auto routed = RouteOpenSslAllocations(*std::move(made));
  ASSERT_THAT(routed, IsOk());
  SecretArena& arena = **routed;

  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  ASSERT_NE(key, nullptr);
  EXPECT_TRUE(arena.Contains(key));
  EVP_PKEY_free(key);

  // All of OpenSSL's start-up fits with room to spare.
  EXPECT_LT(arena.used(), arena.size() / 2);

  auto* text = static_cast<char*>(OPENSSL_malloc(8));
  ASSERT_TRUE(arena.Contains(text));
  text = static_cast<char*>(OPENSSL_realloc(text, 9000));
  EXPECT_TRUE(arena.Contains(text));
  EXPECT_EQ(OPENSSL_realloc(text, 0), nullptr);
  EXPECT_EQ(OPENSSL_malloc(size_t{1} << 30), nullptr);

  auto another = SecretArena::Create({.size = 4096});
  ASSERT_THAT(another, IsOk());
  EXPECT_THAT(RouteOpenSslAllocations(*std::move(another)),
              StatusCodeIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace holt
