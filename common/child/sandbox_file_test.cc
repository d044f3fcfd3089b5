#include "common/child/sandbox_file.h"

#include <gtest/gtest.h>

#include <cstring>

#include "common/testing/status_matchers.h"

namespace holt {
namespace {

Sandbox Example() {
  Sandbox sandbox;
  sandbox.role = Role::kConnector;
  sandbox.landlock_abi = 5;
  sandbox.name_violations = true;
  SandboxPathRule rule;
  rule.access = PathAccess::kRead;
  std::strcpy(rule.path, "/etc/hosts");
  sandbox.path_rules = {rule, SandboxPathRule{PathAccess::kReadWrite, 0, 7}};
  sandbox.connect_ports = {53, 443, 8080};
  sandbox.program = {{6, 0, 0, 0x7fff0000}};
  return sandbox;
}

TEST(SandboxFileTest, ComesBackAsItWent) {
  const auto file = EncodeSandbox(Example());
  ASSERT_THAT(file, IsOk());
  const auto read = DecodeSandbox(*file);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->role, Role::kConnector);
  EXPECT_EQ(read->landlock_abi, 5);
  EXPECT_TRUE(read->name_violations);
  ASSERT_EQ(read->path_rules.size(), 2u);
  EXPECT_STREQ(read->path_rules[0].path, "/etc/hosts");
  EXPECT_EQ(read->path_rules[1].descriptor, 7);
  EXPECT_EQ(read->connect_ports, Example().connect_ports);
  ASSERT_EQ(read->program.size(), 1u);
  EXPECT_EQ(read->program[0].k, 0x7fff0000u);
}

TEST(SandboxFileTest, CutOrPaddedFileIsRefused) {
  const auto file = EncodeSandbox(Example());
  ASSERT_THAT(file, IsOk());
  for (size_t size = 0; size < file->size(); ++size) {
    EXPECT_THAT(DecodeSandbox(absl::string_view(*file).substr(0, size)),
                StatusCodeIs(absl::StatusCode::kFailedPrecondition));
  }
  EXPECT_THAT(DecodeSandbox(*file + "x"),
              StatusCodeIs(absl::StatusCode::kFailedPrecondition));
}

TEST(SandboxFileTest, FileOfAnotherLayoutIsRefused) {
  auto file = EncodeSandbox(Example());
  ASSERT_THAT(file, IsOk());
  (*file)[4] = 9;
  EXPECT_THAT(DecodeSandbox(*file),
              StatusCodeIs(absl::StatusCode::kFailedPrecondition));
}

TEST(SandboxFileTest, PathWithoutItsEndIsRefused) {
  Sandbox sandbox = Example();
  std::memset(sandbox.path_rules[0].path, 'x', sizeof(SandboxPathRule::path));
  const auto file = EncodeSandbox(sandbox);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(DecodeSandbox(*file),
              StatusCodeIs(absl::StatusCode::kFailedPrecondition));
}

TEST(SandboxFileTest, TooManyRulesAreRefused) {
  Sandbox sandbox = Example();
  sandbox.connect_ports.resize(kMaxSandboxConnectPorts + 1);
  EXPECT_THAT(EncodeSandbox(sandbox),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace holt
