#include "worker/tls/remote_key_provider.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/err.h>

#include <memory>
#include <string>
#include <utility>

#include "common/testing/status_matchers.h"
#include "worker/tls/testing/fake_supervisor.h"
#include "worker/tls/testing/test_identity.h"

namespace holt::worker {
namespace {

using DigestContextPtr =
    std::unique_ptr<EVP_MD_CTX, OpenSslDeleter<EVP_MD_CTX_free>>;

class RemoteKeyProviderTest : public testing::Test {
 protected:
  void SetUp() override {
    auto provider = RemoteKeyProvider::Create();
    ASSERT_THAT(provider, IsOk());
    provider_ = *std::move(provider);
    certificates_ = *ParseCertificates(provider_->library(), identity_.pem);
    auto key = provider_->KeyFor(0, KeyKind::kEcdsaP256, *leaf());
    ASSERT_THAT(key, IsOk());
    key_ = *std::move(key);
  }
  void TearDown() override { ERR_clear_error(); }
  X509* leaf() { return sk_X509_value(certificates_.get(), 0); }
  // What a handshake does with the key.
  int Sign() {
    const DigestContextPtr context(EVP_MD_CTX_new());
    unsigned char signature[512];
    size_t size = sizeof(signature);
    const unsigned char content[130] = {};
    if (EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256",
                              provider_->library(), nullptr, key_.get(),
                              nullptr) != 1) {
      return -1;
    }
    return EVP_DigestSign(context.get(), signature, &size, content,
                          sizeof(content));
  }

  const TestIdentity identity_ = MakeTestIdentity(KeyKind::kEcdsaP256);
  std::unique_ptr<RemoteKeyProvider> provider_;
  X509StackPtr certificates_;
  KeyPtr key_;
};

TEST_F(RemoteKeyProviderTest, TheKeyBelongsToItsCertificate) {
  EXPECT_EQ(X509_check_private_key(leaf(), key_.get()), 1);
}

TEST_F(RemoteKeyProviderTest, TheKeyHasNoPrivateHalfToGive) {
  OSSL_PARAM* parameters = nullptr;
  EXPECT_NE(EVP_PKEY_todata(key_.get(), EVP_PKEY_KEYPAIR, &parameters), 1);
  BIGNUM* scalar = nullptr;
  EXPECT_NE(
      EVP_PKEY_get_bn_param(key_.get(), OSSL_PKEY_PARAM_PRIV_KEY, &scalar), 1);
}

TEST_F(RemoteKeyProviderTest, NothingIsSignedOutsideAHandshake) {
  EXPECT_EQ(Sign(), 0);
}

TEST_F(RemoteKeyProviderTest, NothingIsSignedOutsideAJob) {
  const auto loop = *Loop::Create();
  FakeSupervisor supervisor(*loop);
  RemoteSignature signature(supervisor.client());
  const RemoteKeyProvider::SigningScope scope(*provider_, signature);
  EXPECT_EQ(Sign(), 0);
  EXPECT_FALSE(signature.waiting());
}

TEST_F(RemoteKeyProviderTest, OtherKeysStayWithTheDefaultProvider) {
  const KeyPtr ephemeral(
      EVP_PKEY_Q_keygen(provider_->library(), nullptr, "EC", "P-256"));
  ASSERT_NE(ephemeral, nullptr);
  EXPECT_STREQ(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(ephemeral.get())),
               "default");
}

TEST_F(RemoteKeyProviderTest, ACertificateOfAnotherKindIsRefused) {
  for (const KeyKind kind : {KeyKind::kEcdsaP384, KeyKind::kRsa,
                             KeyKind::kEd25519, KeyKind::kNone}) {
    EXPECT_THAT(provider_->KeyFor(0, kind, *leaf()),
                StatusCodeIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(provider_->KeyFor(kMaxIdentities, KeyKind::kEcdsaP256, *leaf()),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace holt::worker
