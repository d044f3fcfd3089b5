#include "supervisor/keys_file_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace holt::supervisor {
namespace {

using Seen = KeysFileWatch::Seen;

class KeysFileWatchTest : public testing::Test {
 protected:
  KeysFileWatchTest()
      : path_(testing::TempDir() + "/keys.json"), watch_(path_) {
    ::unlink(path_.c_str());
  }
  void Write(const std::string& text) { std::ofstream(path_) << text; }
  Seen Look() { return watch_.Look(file_); }

  std::string path_;
  KeysFileWatch watch_;
  UniqueFd file_;
};

TEST_F(KeysFileWatchTest, TellsAFileOnce) {
  Write("{}");
  EXPECT_EQ(Look(), Seen::kChanged);
  EXPECT_TRUE(file_.valid());
  EXPECT_EQ(Look(), Seen::kNothingNew);
  EXPECT_FALSE(file_.valid());
}

TEST_F(KeysFileWatchTest, TellsAMissingFileOnce) {
  EXPECT_EQ(Look(), Seen::kMissing);
  EXPECT_EQ(Look(), Seen::kNothingNew);
}

TEST_F(KeysFileWatchTest, TellsThatTheFileCameAndWent) {
  Look();
  Write("{}");
  EXPECT_EQ(Look(), Seen::kChanged);
  ::unlink(path_.c_str());
  EXPECT_EQ(Look(), Seen::kMissing);
}

TEST_F(KeysFileWatchTest, NoticesAReplacementOfTheSameSizeAndTime) {
  Write("{}");
  Look();
  struct stat before {};
  ASSERT_EQ(::stat(path_.c_str(), &before), 0);
  const std::string other = path_ + ".new";
  std::ofstream(other) << "[]";
  const timespec times[2] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, other.c_str(), times, 0), 0);
  ASSERT_EQ(::rename(other.c_str(), path_.c_str()), 0);
  EXPECT_EQ(Look(), Seen::kChanged);
}

TEST_F(KeysFileWatchTest, ALinkIsNotFollowed) {
  Write("{}");
  const std::string link = path_ + ".link";
  ::unlink(link.c_str());
  ASSERT_EQ(::symlink(path_.c_str(), link.c_str()), 0);
  KeysFileWatch watch(link);
  EXPECT_EQ(watch.Look(file_), Seen::kUnreadable);
}

TEST_F(KeysFileWatchTest, APipeNeitherStopsNorFoolsIt) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(Look(), Seen::kUnreadable);
}

TEST_F(KeysFileWatchTest, ANewListenerIsToldTheStateAgain) {
  Write("{}");
  Look();
  watch_.TellAgain();
  EXPECT_EQ(Look(), Seen::kChanged);
}

TEST_F(KeysFileWatchTest, WithoutAPathThereIsNothingToTell) {
  KeysFileWatch none("");
  EXPECT_EQ(none.Look(file_), Seen::kNothingNew);
}

}  // namespace
}  // namespace holt::supervisor
