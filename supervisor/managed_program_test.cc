#include "supervisor/managed_program.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/ipc/shared_memory.h"
#include "common/testing/status_matchers.h"

namespace holt::supervisor {
namespace {

using testing::HasSubstr;

class ManagedProgramTest : public testing::Test {
 protected:
  ManagedProgramTest()
      : folder_(absl::StrCat(
            testing::TempDir(), "/",
            testing::UnitTest::GetInstance()->current_test_info()->name())) {
    auto state = StateDir::Open(folder_ + "/state");
    EXPECT_THAT(state, IsOk());
    state_ = *std::move(state);
  }
  // A program of that name below the test's folder.
  std::string WriteScript(const std::string& name, const std::string& body) {
    const std::string path = absl::StrCat(folder_, "/", name);
    std::ofstream(path) << "#!/bin/sh\n" << body;
    EXPECT_EQ(::chmod(path.c_str(), 0755), 0);
    return path;
  }
  static std::string Contents(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  static UniqueFd Credential() {
    auto file = MakeSealedFile("credential", "canary");
    EXPECT_THAT(file, IsOk());
    return *std::move(file);
  }
  static void RunToItsEnd(const ManagedProgram& program) {
    const auto pid = Launch(program.spec());
    ASSERT_THAT(pid, IsOk());
    int status = -1;
    ASSERT_EQ(::waitpid(*pid, &status, 0), *pid);
    EXPECT_EQ(status, 0);
  }

  std::string folder_;
  StateDir state_;
};

TEST_F(ManagedProgramTest, ASidecarReadsItsCredentialFromADescriptor) {
  holt::config::v1::Sidecar sidecar;
  sidecar.set_command(
      WriteScript("proxy",
                  "echo \"$1 $2\" > seen; cat \"${1#--apiKey=@}\" >> "
                  "seen; echo \"$NAME\" >> seen\n"));
  sidecar.add_arguments("--apiKey=@{credential}");
  sidecar.add_arguments("--port=8081");
  sidecar.add_environment("NAME=value");
  const auto program =
      ManagedProgram::MakeSidecar(sidecar, state_, std::nullopt, Credential());
  ASSERT_THAT(program, IsOk());
  RunToItsEnd(*program);
  EXPECT_EQ(Contents(folder_ + "/state/sidecar/seen"),
            "--apiKey=@/dev/fd/10 --port=8081\ncanaryvalue\n");
}

TEST_F(ManagedProgramTest, ARestartedSidecarReadsTheCredentialAgain) {
  holt::config::v1::Sidecar sidecar;
  sidecar.set_command(WriteScript("proxy", "cat \"$1\" >> seen\n"));
  sidecar.add_arguments("{credential}");
  const auto program =
      ManagedProgram::MakeSidecar(sidecar, state_, std::nullopt, Credential());
  ASSERT_THAT(program, IsOk());
  RunToItsEnd(*program);
  RunToItsEnd(*program);
  EXPECT_EQ(Contents(folder_ + "/state/sidecar/seen"), "canarycanary");
}

TEST_F(ManagedProgramTest, ACredentialThatIsNotThereIsAskedFor) {
  holt::config::v1::Sidecar sidecar;
  sidecar.set_command(WriteScript("proxy", ""));
  sidecar.add_arguments("@{credential}");
  EXPECT_THAT(
      ManagedProgram::MakeSidecar(sidecar, state_, std::nullopt, UniqueFd()),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("set PRIVATEMODE_API_KEY")));
}

TEST_F(ManagedProgramTest, AMissingSidecarIsNamed) {
  holt::config::v1::Sidecar sidecar;
  sidecar.set_command("/nonexistent/proxy");
  EXPECT_THAT(
      ManagedProgram::MakeSidecar(sidecar, state_, std::nullopt, UniqueFd()),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nonexistent/proxy")));
}

TEST_F(ManagedProgramTest, ADemoThatEndsAtOnceIsAnError) {
  // Fails to run at all: scripts are for sidecars.
  WriteScript("holt-demo-upstream", "exit 1\n");
  auto demo = ManagedProgram::MakeDemoUpstream(folder_, std::nullopt);
  ASSERT_THAT(demo, IsOk());
  EXPECT_FALSE(demo->StartDemo().ok());
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a process was left over";
}

}  // namespace
}  // namespace holt::supervisor
