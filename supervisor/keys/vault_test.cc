#include "supervisor/keys/vault.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/ipc/frames.h"
#include "common/secret/secret_access.h"
#include "common/testing/status_matchers.h"

namespace holt::supervisor {
namespace {

using ::testing::HasSubstr;

class VaultTest : public testing::Test {
 protected:
  void SetUp() override {
    auto arena = SecretArena::Create({.size = 128 << 10});
    ASSERT_THAT(arena, IsOk());
    arena_ = *std::move(arena);
    vault_ = std::make_unique<Vault>(*arena_, clock_);
    path_ = absl::StrCat(testing::TempDir(), "/credential_", ::getpid());
  }
  void TearDown() override { ::unlink(path_.c_str()); }

  SecretBytes Secret(absl::string_view text) {
    SecretBytes secret(*arena_, text.size());
    std::memcpy(secret.RevealMutable(SecretAccess()).data(), text.data(),
                text.size());
    return secret;
  }

  absl::StatusOr<SecretBytes> LoadFileWith(absl::string_view text) {
    std::ofstream(path_) << text;
    ::chmod(path_.c_str(), 0600);
    return LoadCredentialFile(*arena_, path_);
  }

  FakeClock clock_;
  std::unique_ptr<SecretArena> arena_;
  std::unique_ptr<Vault> vault_;
  std::string path_;
};

TEST_F(VaultTest, CredentialIsKeptByUpstream) {
  EXPECT_TRUE(vault_->SetCredential(1, Secret("horse")));
  ASSERT_NE(vault_->credential(1), nullptr);
  EXPECT_TRUE(vault_->credential(1)->Equals(Secret("horse")));
  EXPECT_EQ(vault_->credential(0), nullptr);
  EXPECT_EQ(vault_->credential(kMaxUpstreams), nullptr);
  EXPECT_EQ(vault_->credential(UINT16_MAX), nullptr);
}

TEST_F(VaultTest, OnlyAChangeIsAChange) {
  EXPECT_TRUE(vault_->SetCredential(0, Secret("horse")));
  EXPECT_FALSE(vault_->SetCredential(0, Secret("horse")));
  EXPECT_TRUE(vault_->SetCredential(0, Secret("battery")));
  EXPECT_TRUE(vault_->SetCredential(0, SecretBytes()));
  EXPECT_EQ(vault_->credential(0), nullptr);
}

TEST_F(VaultTest, CredentialFileLosesItsNewline) {
  const auto credential = LoadFileWith("horse\r\n");
  ASSERT_THAT(credential, IsOk());
  EXPECT_TRUE(credential->Equals(Secret("horse")));
}

TEST_F(VaultTest, LargestCredentialFits) {
  EXPECT_THAT(LoadFileWith(std::string(kMaxCredential, 'x') + "\n"), IsOk());
  EXPECT_THAT(LoadFileWith(std::string(kMaxCredential + 1, 'x')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(path_)));
}

TEST_F(VaultTest, CredentialThatWouldBreakAHeaderIsRefused) {
  for (const auto* text : {"two words", "line\r\nbreak", "caf\xc3\xa9", "\n"}) {
    EXPECT_THAT(LoadFileWith(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(path_)));
  }
}

}  // namespace
}  // namespace holt::supervisor
