#include "supervisor/state_dir.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/ipc/usage_journal.h"
#include "common/testing/status_matchers.h"

namespace holt::supervisor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class StateDirTest : public testing::Test {
 protected:
  StateDirTest()
      : path_(absl::StrCat(
            testing::TempDir(), "/",
            testing::UnitTest::GetInstance()->current_test_info()->name(),
            "/a/b")) {}
  static mode_t ModeOf(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
  }
  std::string path_;
};

TEST_F(StateDirTest, IsMadeForItsOwnerOnly) {
  ASSERT_THAT(StateDir::Open(path_), IsOk());
  EXPECT_EQ(ModeOf(path_), 0700u);
  EXPECT_EQ(ModeOf(path_ + "/journals"), 0700u);
}

TEST_F(StateDirTest, TwoSupervisorsCannotShareIt) {
  const auto first = StateDir::Open(path_);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(
      StateDir::Open(path_),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr(absl::StrCat("another supervisor (pid ", ::getpid(),
                                      ") uses the state directory ", path_))));
}

TEST_F(StateDirTest, ASpoiltJournalIsSetAsideAndReplaced) {
  const auto state = StateDir::Open(path_);
  ASSERT_THAT(state, IsOk());
  std::ofstream(path_ + "/journals/journal-3") << "no journal at all";
  const auto journal = state->OpenJournal(3);
  ASSERT_THAT(journal, IsOk());
  EXPECT_THAT(JournalReader::Open(journal->get()), IsOk());
  EXPECT_THAT(*state->JournalSlots(), ElementsAre(3));
  // What was there is kept.
  bool kept = false;
  for (const auto& entry :
       std::filesystem::directory_iterator(path_ + "/journals")) {
    kept =
        kept || absl::StartsWith(entry.path().filename().string(), "spoilt-3-");
  }
  EXPECT_TRUE(kept);
}

TEST_F(StateDirTest, IsFreeAgainOnceItsSupervisorIsGone) {
  { ASSERT_THAT(StateDir::Open(path_), IsOk()); }
  EXPECT_THAT(StateDir::Open(path_), IsOk());
}

TEST_F(StateDirTest, OneThatOthersMayWriteToIsRefusedWithTheFix) {
  { ASSERT_THAT(StateDir::Open(path_), IsOk()); }
  ASSERT_EQ(::chmod(path_.c_str(), 0777), 0);
  EXPECT_THAT(StateDir::Open(path_),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr(absl::StrCat("chmod 700 ", path_))));
}

TEST_F(StateDirTest, AJournalIsPreparedOnceAndFoundAgain) {
  const auto state = StateDir::Open(path_);
  ASSERT_THAT(state, IsOk());
  ASSERT_THAT(state->OpenJournal(2), IsOk());
  ASSERT_THAT(state->OpenJournal(0), IsOk());
  EXPECT_EQ(ModeOf(path_ + "/journals/journal-2"), 0600u);
  std::ofstream(path_ + "/journals/journal-x") << "not ours";
  std::ofstream(path_ + "/journals/journal-07") << "not ours";
  const auto slots = state->JournalSlots();
  ASSERT_THAT(slots, IsOk());
  EXPECT_THAT(*slots, ElementsAre(0, 2));
  const auto again = state->OpenJournal(2);
  ASSERT_THAT(again, IsOk());
  EXPECT_THAT(JournalReader::Open(again->get()), IsOk());
}

TEST_F(StateDirTest, ASubdirectoryIsNoLink) {
  const auto state = StateDir::Open(path_);
  ASSERT_THAT(state, IsOk());
  ASSERT_EQ(::symlink("/tmp", (path_ + "/admin").c_str()), 0);
  EXPECT_FALSE(state->OpenSubdirectory("admin", std::nullopt).ok());
}

}  // namespace
}  // namespace holt::supervisor
