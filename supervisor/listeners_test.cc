#include "supervisor/listeners.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"

namespace holt::supervisor {
namespace {

using testing::HasSubstr;

TEST(OpenPublicListener, AnyPortIsChosenByTheSystemAndToldInTheUrl) {
  const auto listener = OpenPublicListener("0.0.0.0", 0);
  ASSERT_THAT(listener, IsOk());
  EXPECT_NE(listener->port, 0);
  EXPECT_EQ(listener->Url(true),
            absl::StrCat("https://127.0.0.1:", listener->port));
  EXPECT_EQ(listener->Url(false),
            absl::StrCat("http://127.0.0.1:", listener->port));
}

TEST(OpenPublicListener, TheWildcardOfIpv6IsShownAsLoopback) {
  const auto listener = OpenPublicListener("::", 0);
  if (!listener.ok()) GTEST_SKIP() << "this machine has no IPv6";
  EXPECT_EQ(listener->host, "[::1]");
}

TEST(OpenPublicListener, APortInUseIsExplained) {
  const auto first = OpenPublicListener("127.0.0.1", 0);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(
      OpenPublicListener("127.0.0.1", first->port),
      StatusIs(absl::StatusCode::kAlreadyExists,
               HasSubstr(absl::StrCat("ss -ltnp 'sport = :", first->port))));
}

TEST(OpenPublicListener, AnAddressOfAnotherMachineIsExplained) {
  EXPECT_THAT(OpenPublicListener("192.0.2.1", 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no address of this machine")));
}

class AdminListenerTest : public testing::Test {
 protected:
  AdminListenerTest()
      : path_(absl::StrCat(testing::TempDir(), "/", std::string(150, 'd'))) {
    ::mkdir(path_.c_str(), 0700);
    directory_.reset(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  std::string path_;
  UniqueFd directory_;
};

TEST_F(AdminListenerTest, ListensBelowALongPathForItsOwnerOnly) {
  const auto fd = OpenAdminListener(directory_.get(), "admin.sock");
  ASSERT_THAT(fd, IsOk());
  struct stat info {};
  ASSERT_EQ(::stat(absl::StrCat(path_, "/admin.sock").c_str(), &info), 0);
  EXPECT_TRUE(S_ISSOCK(info.st_mode));
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  int listening = 0;
  socklen_t size = sizeof(listening);
  ASSERT_EQ(
      ::getsockopt(fd->get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size), 0);
  EXPECT_EQ(listening, 1);
}

TEST_F(AdminListenerTest, ReplacesWhatAnEarlierRunLeft) {
  ASSERT_THAT(OpenAdminListener(directory_.get(), "admin.sock"), IsOk());
  EXPECT_THAT(OpenAdminListener(directory_.get(), "admin.sock"), IsOk());
}

}  // namespace
}  // namespace holt::supervisor
