#include "supervisor/keys/tls_identity.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "supervisor/keys/key_files.h"

namespace holt::supervisor {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class TlsIdentityTest : public testing::Test {
 protected:
  void SetUp() override {
    auto arena = SecretArena::Create({.size = 512 << 10});
    ASSERT_THAT(arena, IsOk());
    arena_ = *std::move(arena);
  }

  absl::StatusOr<TlsIdentity> Load(const IdentityFiles& files) {
    return TlsIdentity::Load(*arena_, files);
  }

  // The message of the failure, which is for the operator.
  std::string Refusal(const IdentityFiles& files) {
    auto identity = Load(files);
    return identity.ok() ? "" : std::string(identity.status().message());
  }

  KeyFiles files_;
  std::unique_ptr<SecretArena> arena_;
};

TEST_F(TlsIdentityTest, KindsOfKeysAreTold) {
  for (const auto& [key, kind] :
       {std::pair{TestKey::kP256, KeyKind::kEcdsaP256},
        {TestKey::kP384, KeyKind::kEcdsaP384},
        {TestKey::kRsa2048, KeyKind::kRsa},
        {TestKey::kEd25519, KeyKind::kEd25519}}) {
    const auto identity = Load(files_.WriteIdentity(key));
    ASSERT_THAT(identity, IsOk());
    EXPECT_EQ(identity->kind(), kind);
    EXPECT_EQ(identity->not_before(), absl::FromUnixSeconds(1'577'836'800));
    EXPECT_EQ(identity->not_after(), absl::FromUnixSeconds(2'840'140'800));
  }
}

TEST_F(TlsIdentityTest, ChainHoldsEveryCertificateAndNoKey) {
  const EvpKeyPtr key = MakeTestKey(TestKey::kP256);
  const std::string certificate =
      CertificatePem(MakeTestCertificate(key.get(), absl::UnixEpoch(),
                                         absl::FromUnixSeconds(2'840'140'800))
                         .get());
  const std::string both = files_.Write(
      "both.pem",
      absl::StrCat(KeyPem(key.get()), certificate, "a remark\n", certificate));
  const auto identity = Load({both, both});
  ASSERT_THAT(identity, IsOk());
  EXPECT_EQ(identity->chain_pem(), certificate + certificate);
}

TEST_F(TlsIdentityTest, UnservedKeysAreRefusedWithWhatToUse) {
  EXPECT_THAT(Refusal(files_.WriteIdentity(TestKey::kRsa1024)),
              AllOf(HasSubstr("has 1024 bits"), HasSubstr("2048 to 4096")));
  EXPECT_THAT(Refusal(files_.WriteIdentity(TestKey::kSecp256k1)),
              HasSubstr("use P-256 or P-384"));
}

TEST_F(TlsIdentityTest, KeyOfAnotherCertificateIsRefused) {
  IdentityFiles first = files_.WriteIdentity(TestKey::kP256);
  const IdentityFiles second = files_.WriteIdentity(TestKey::kP256);
  first.key_file = second.key_file;
  EXPECT_THAT(Refusal(first), AllOf(HasSubstr(second.key_file),
                                    HasSubstr(first.certificate_file),
                                    HasSubstr("does not belong")));
}

TEST_F(TlsIdentityTest, KeyUnderAPassphraseIsRefusedWithTheCommand) {
  IdentityFiles files = files_.WriteIdentity(TestKey::kP256);
  const EvpKeyPtr key = MakeTestKey(TestKey::kP256);
  const BioPtr bio(::BIO_new(::BIO_s_mem()));
  ASSERT_EQ(
      ::PEM_write_bio_PrivateKey(bio.get(), key.get(), ::EVP_aes_256_cbc(),
                                 reinterpret_cast<const unsigned char*>("x"), 1,
                                 nullptr, nullptr),
      1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  files.key_file =
      files_.Write("locked.key", {text, static_cast<size_t>(size)});
  EXPECT_THAT(Refusal(files), HasSubstr("openssl pkey -in " + files.key_file));
}

TEST_F(TlsIdentityTest, ReadableKeyIsRefusedWithTheFix) {
  IdentityFiles files = files_.WriteIdentity(TestKey::kP256);
  files.key_file = files_.Write("open.key", "x", 0644);
  EXPECT_THAT(Refusal(files), HasSubstr("chmod 600 " + files.key_file));
}

TEST_F(TlsIdentityTest, FilesWithoutTheirContentsAreNamed) {
  IdentityFiles files = files_.WriteIdentity(TestKey::kP256);
  const std::string text = files_.Write("notes.txt", "no PEM in here\n");
  EXPECT_THAT(Refusal({text, files.key_file}),
              HasSubstr(text + " holds no certificate"));
  EXPECT_THAT(Refusal({files.certificate_file, text}),
              HasSubstr(text + " holds no private key"));
  const std::string cut = files_.Write(
      "cut.crt",
      "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
  EXPECT_THAT(Refusal({cut, files.key_file}),
              HasSubstr("certificate 1 in " + cut + " is damaged"));
}

TEST_F(TlsIdentityTest, WarnsAroundTheEndsOfValidity) {
  const auto identity = Load(files_.WriteIdentity(TestKey::kP256));
  ASSERT_THAT(identity, IsOk());
  const absl::Time end = identity->not_after();
  EXPECT_EQ(identity->Warning(end - absl::Hours(24 * 15)), "");
  EXPECT_THAT(identity->Warning(end - absl::Hours(24 * 13)),
              HasSubstr("expires on 2060-01-01"));
  EXPECT_THAT(identity->Warning(end), HasSubstr("has expired on 2060-01-01"));
  EXPECT_THAT(identity->Warning(identity->not_before() - absl::Seconds(1)),
              HasSubstr("is not valid before 2020-01-01"));
}

TEST_F(TlsIdentityTest, OneIdentityPerKindOfKey) {
  const std::vector<IdentityFiles> different = {
      files_.WriteIdentity(TestKey::kP256),
      files_.WriteIdentity(TestKey::kRsa2048)};
  const auto identities = TlsIdentities::Load(*arena_, different);
  ASSERT_THAT(identities, IsOk());
  EXPECT_EQ((*identities)->all().size(), 2u);

  const std::vector<IdentityFiles> same = {
      files_.WriteIdentity(TestKey::kP256),
      files_.WriteIdentity(TestKey::kP256)};
  EXPECT_THAT(
      TlsIdentities::Load(*arena_, same),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("same kind")));
  const std::vector<IdentityFiles> curves = {
      files_.WriteIdentity(TestKey::kP256),
      files_.WriteIdentity(TestKey::kP384)};
  EXPECT_THAT(
      TlsIdentities::Load(*arena_, curves),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("same kind")));
}

}  // namespace
}  // namespace holt::supervisor
