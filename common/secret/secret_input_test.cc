#include "common/secret/secret_input.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/unique_fd.h"
#include "common/secret/secret_access.h"
#include "common/testing/status_matchers.h"

namespace holt {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class SecretInputTest : public testing::Test {
 protected:
  void SetUp() override {
    auto arena = SecretArena::Create({.size = 256 << 10});
    ASSERT_THAT(arena, IsOk());
    arena_ = *std::move(arena);
    path_ = absl::StrCat(testing::TempDir(), "/secret_input_", ::getpid());
  }
  void TearDown() override { ::unlink(path_.c_str()); }

  void WriteFile(absl::string_view contents, mode_t mode) {
    const UniqueFd fd(::open(path_.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600));
    ASSERT_TRUE(fd.valid());
    ASSERT_EQ(::write(fd.get(), contents.data(), contents.size()),
              static_cast<ssize_t>(contents.size()));
    ASSERT_EQ(::fchmod(fd.get(), mode), 0);
  }

  absl::StatusOr<SecretBytes> Read(
      size_t max_size = 100, FileAudience audience = FileAudience::kOwnerOnly) {
    return ReadSecretFile(*arena_, path_, max_size, audience);
  }

  static std::string TextOf(const SecretBytes& secret) {
    const auto bytes = secret.Reveal(SecretAccess());
    return {bytes.begin(), bytes.end()};
  }

  std::unique_ptr<SecretArena> arena_;
  std::string path_;
};

TEST_F(SecretInputTest, FileIsReadIntoTheArena) {
  WriteFile("horse\n", 0600);
  const auto secret = Read();
  ASSERT_THAT(secret, IsOk());
  EXPECT_EQ(TextOf(*secret), "horse\n");
  EXPECT_TRUE(arena_->Contains(secret->Reveal(SecretAccess()).data()));
}

TEST_F(SecretInputTest, FileThatOthersCanReadIsRefusedWithTheFix) {
  for (const mode_t mode : {0640, 0604, 0620, 0601}) {
    WriteFile("horse", mode);
    EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kPermissionDenied,
                                 AllOf(HasSubstr(absl::StrCat(path_, " has")),
                                       HasSubstr("chmod 600 " + path_))));
    ::unlink(path_.c_str());
  }
}

TEST_F(SecretInputTest, CertificateMayBeForAnyone) {
  WriteFile("horse", 0644);
  EXPECT_THAT(Read(100, FileAudience::kAnyone), IsOk());
}

TEST_F(SecretInputTest, FileOfAnotherUserIsRefused) {
  WriteFile("horse", 0600);
  if (::chown(path_.c_str(), 12345, static_cast<gid_t>(-1)) != 0) {
    GTEST_SKIP() << "cannot give files away here";
  }
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kPermissionDenied,
                               HasSubstr("belongs to user 12345")));
}

TEST_F(SecretInputTest, SymbolicLinkIsRefused) {
  ASSERT_EQ(::symlink("/etc/hostname", path_.c_str()), 0);
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("symbolic link")));
}

TEST_F(SecretInputTest, PipeInTheFilesPlaceIsRefusedAtOnce) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("not a regular file")));
}

TEST_F(SecretInputTest, MissingEmptyAndLargeFilesAreNamed) {
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kNotFound, HasSubstr(path_)));
  WriteFile("", 0600);
  EXPECT_THAT(Read(), StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr(path_ + " is empty")));
  ::unlink(path_.c_str());
  WriteFile("12345", 0600);
  EXPECT_THAT(Read(5), IsOk());
  EXPECT_THAT(Read(4), StatusIs(absl::StatusCode::kResourceExhausted,
                                HasSubstr("the 4 bytes")));
}

TEST_F(SecretInputTest, DescriptorIsReadToItsEnd) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  ASSERT_EQ(::write(write_end.get(), "horse", 5), 5);
  write_end.reset();
  const auto secret =
      ReadSecretDescriptor(*arena_, read_end.get(), "descriptor 9", 100);
  ASSERT_THAT(secret, IsOk());
  EXPECT_EQ(TextOf(*secret), "horse");
}

// Stands for the block that execve made: /proc/PID/environ shows that memory.
class EnvironmentTest : public SecretInputTest {
 protected:
  void SetUp() override {
    SecretInputTest::SetUp();
    saved_ = environ;
    environ = block_;
  }
  void TearDown() override {
    environ = saved_;
    SecretInputTest::TearDown();
  }
  char first_[16] = "HOLT_KEY=horse";
  char other_[16] = "HOLT_KEYS=other";
  char second_[16] = "HOLT_KEY=again";
  char* block_[4] = {first_, other_, second_, nullptr};
  char** saved_ = nullptr;
};

TEST_F(EnvironmentTest, VariableIsTakenAndOverwrittenWhereItStood) {
  const auto secret = TakeEnvironmentSecret(*arena_, "HOLT_KEY", 100);
  ASSERT_THAT(secret, IsOk());
  EXPECT_EQ(TextOf(*secret), "horse");
  EXPECT_EQ(absl::string_view(first_, 14),
            absl::string_view("HOLT_KEY=\0\0\0\0\0", 14));
  EXPECT_EQ(absl::string_view(second_, 14),
            absl::string_view("HOLT_KEY=\0\0\0\0\0", 14));
  EXPECT_STREQ(other_, "HOLT_KEYS=other");
  EXPECT_EQ(::getenv("HOLT_KEY"), nullptr);
  EXPECT_STREQ(::getenv("HOLT_KEYS"), "other");
}

TEST_F(EnvironmentTest, TooLongAValueIsOverwrittenToo) {
  EXPECT_THAT(TakeEnvironmentSecret(*arena_, "HOLT_KEY", 4),
              StatusCodeIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(first_[9], '\0');
  EXPECT_EQ(::getenv("HOLT_KEY"), nullptr);
}

TEST_F(EnvironmentTest, UnsetVariableIsNotFound) {
  EXPECT_THAT(TakeEnvironmentSecret(*arena_, "HOLT_NONE", 4),
              StatusCodeIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace holt
