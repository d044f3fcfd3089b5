#include "supervisor/keys/signer.h"

#include <gtest/gtest.h>
#include <openssl/rsa.h>

#include <array>
#include <vector>

#include "common/ipc/frames.h"
#include "common/testing/status_matchers.h"
#include "supervisor/keys/key_files.h"

namespace holt::supervisor {
namespace {

constexpr char kContext[] = "TLS 1.3, server CertificateVerify";

std::vector<uint8_t> Content(size_t hash_size,
                             absl::string_view context = kContext) {
  std::vector<uint8_t> content(64, 0x20);
  content.insert(content.end(), context.begin(), context.end());
  content.push_back(0);
  for (size_t i = 0; i < hash_size; ++i) {
    content.push_back(static_cast<uint8_t>(i));
  }
  return content;
}

class SignerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto arena = SecretArena::Create({.size = 512 << 10});
    ASSERT_THAT(arena, IsOk());
    arena_ = *std::move(arena);
  }

  TlsIdentity Identity(TestKey kind) {
    auto identity = TlsIdentity::Load(*arena_, files_.WriteIdentity(kind));
    EXPECT_THAT(identity, IsOk());
    return *std::move(identity);
  }

  static bool Verifies(const TlsIdentity& identity, const char* digest,
                       absl::Span<const uint8_t> content,
                       absl::Span<const uint8_t> signature) {
    const DigestContextPtr context(::EVP_MD_CTX_new());
    EVP_PKEY_CTX* key_context = nullptr;
    ::EVP_DigestVerifyInit_ex(context.get(), &key_context, digest, nullptr,
                              nullptr, identity.key(), nullptr);
    if (identity.kind() == KeyKind::kRsa) {
      ::EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING);
      ::EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST);
    }
    return ::EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                              content.data(), content.size()) == 1;
  }

  std::array<uint8_t, kMaxSignature> signature_;
  KeyFiles files_;
  std::unique_ptr<SecretArena> arena_;
};

TEST_F(SignerTest, SignsWithEverySchemeAndBothHashes) {
  struct Case {
    TestKey key;
    uint16_t scheme;
    const char* digest;
  };
  for (const Case& test : {Case{TestKey::kP256, 0x0403, "SHA256"},
                           Case{TestKey::kP384, 0x0503, "SHA384"},
                           Case{TestKey::kRsa2048, 0x0804, "SHA256"},
                           Case{TestKey::kRsa2048, 0x0805, "SHA384"},
                           Case{TestKey::kEd25519, 0x0807, nullptr}}) {
    const TlsIdentity identity = Identity(test.key);
    for (const size_t hash_size : {32, 48}) {
      const auto content = Content(hash_size);
      const auto size = SignCertificateVerify(identity, test.scheme, content,
                                              absl::MakeSpan(signature_));
      ASSERT_THAT(size, IsOk());
      EXPECT_TRUE(Verifies(identity, test.digest, content,
                           absl::MakeSpan(signature_).first(*size)));
    }
  }
}

TEST_F(SignerTest, SchemesOfOtherKeysAreRefused) {
  const TlsIdentity identity = Identity(TestKey::kP256);
  for (const int scheme :
       {0x0401, 0x0503, 0x0603, 0x0804, 0x0807, 0x0809, 0, 0xffff}) {
    EXPECT_THAT(SignCertificateVerify(identity, static_cast<uint16_t>(scheme),
                                      Content(32), absl::MakeSpan(signature_)),
                StatusCodeIs(absl::StatusCode::kPermissionDenied));
  }
}

TEST(CertificateVerifyContentTest, EitherHashSizeIsFine) {
  EXPECT_THAT(CheckCertificateVerifyContent(Content(32)), IsOk());
  EXPECT_THAT(CheckCertificateVerifyContent(Content(48)), IsOk());
}

TEST(CertificateVerifyContentTest, EveryByteOfThePrefixCounts) {
  for (size_t i = 0; i < Content(0).size(); ++i) {
    auto content = Content(32);
    content[i] ^= 1;
    EXPECT_FALSE(CheckCertificateVerifyContent(content).ok()) << i;
  }
}

TEST(CertificateVerifyContentTest, OtherSizesAndContextsAreRefused) {
  for (size_t size = 0; size <= 64; ++size) {
    if (size == 32 || size == 48) continue;
    EXPECT_FALSE(CheckCertificateVerifyContent(Content(size)).ok()) << size;
  }
  EXPECT_FALSE(CheckCertificateVerifyContent({}).ok());
  EXPECT_FALSE(CheckCertificateVerifyContent(
                   Content(32, "TLS 1.3, client CertificateVerify"))
                   .ok());
}

}  // namespace
}  // namespace holt::supervisor
