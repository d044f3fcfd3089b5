#include "supervisor/sandbox/policies.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "common/child/sandbox_file.h"
#include "common/ipc/shared_memory.h"
#include "common/testing/status_matchers.h"

namespace holt::supervisor {
namespace {

using ::testing::HasSubstr;

SandboxReport Everything() {
  return {.level = SandboxLevel::kFull, .seccomp = true, .landlock_abi = 7};
}

absl::StatusOr<Sandbox> SandboxOf(Role role, const SandboxOptions& options) {
  auto file = MakeSandboxFile(role, options);
  if (!file.ok()) return file.status();
  auto bytes = ReadSealedFile(file->get(), kMaxSandboxFile);
  if (!bytes.ok()) return bytes.status();
  return DecodeSandbox(*bytes);
}

class RolePolicyTest : public testing::TestWithParam<Role> {};
INSTANTIATE_TEST_SUITE_P(Roles, RolePolicyTest,
                         testing::Values(Role::kWorker, Role::kCourier,
                                         Role::kConnector,
                                         Role::kAdminService));

TEST_P(RolePolicyTest, MakesAProgramForItsRole) {
  const auto sandbox = SandboxOf(GetParam(), {.available = Everything()});
  ASSERT_THAT(sandbox, IsOk());
  EXPECT_EQ(sandbox->role, GetParam());
  EXPECT_EQ(sandbox->landlock_abi, 6);
  EXPECT_FALSE(sandbox->name_violations);
  EXPECT_GT(sandbox->program.size(), 50u);
}

TEST_P(RolePolicyTest, AsksForNoMoreThanTheMachineHas) {
  SandboxReport bare;
  const auto sandbox = SandboxOf(GetParam(), {.available = bare});
  ASSERT_THAT(sandbox, IsOk());
  EXPECT_EQ(sandbox->landlock_abi, 0);
  EXPECT_TRUE(sandbox->program.empty());
}

TEST_P(RolePolicyTest, FileCannotBeChanged) {
  auto file = MakeSandboxFile(GetParam(), {.available = Everything()});
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file->get(), 0),
      MAP_FAILED);
}

TEST(PoliciesTest, WorkerHasNoFileAndNoPort) {
#ifdef HOLT_SANITIZER
  GTEST_SKIP() << "widened for the sanitizer";
#endif
  const auto sandbox = SandboxOf(Role::kWorker, {.available = Everything()});
  ASSERT_THAT(sandbox, IsOk());
  EXPECT_TRUE(sandbox->path_rules.empty());
  EXPECT_TRUE(sandbox->connect_ports.empty());
}

TEST(PoliciesTest, ConnectorReachesDnsAndTheConfiguredPorts) {
  const auto sandbox = SandboxOf(
      Role::kConnector, {.available = Everything(), .connect_ports = {8443}});
  ASSERT_THAT(sandbox, IsOk());
  EXPECT_THAT(sandbox->connect_ports, testing::ElementsAre(53, 8443));
}

TEST(PoliciesTest, ManagedProgramsHaveNoSandboxOfOurs) {
  EXPECT_THAT(MakeSandboxFile(Role::kManaged, {.available = Everything()}),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
}

TEST(DescribeViolationTest, NamesTheCall) {
  EXPECT_EQ(DescribeViolation(Role::kWorker, SYS_execve + 1),
            "the worker made the system call execve, which its sandbox "
            "forbids");
}

TEST(DescribeViolationTest, SurvivesHostileNumbers) {
  for (const uint64_t number :
       {uint64_t{0}, uint64_t{4097}, UINT64_MAX, uint64_t{4000}}) {
    EXPECT_THAT(DescribeViolation(Role::kCourier, number),
                HasSubstr("its sandbox forbids"));
  }
}

}  // namespace
}  // namespace holt::supervisor
