#include "common/secret/secret_arena.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "common/base/unique_fd.h"
#include "common/testing/status_matchers.h"

namespace holt {
namespace {

using ::testing::HasSubstr;

constexpr size_t kSize = 256 << 10;

// The VmFlags of the mapping that holds `address`.
std::string FlagsOf(const void* address) {
  std::ifstream smaps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<uintptr_t>(address);
  bool inside = false;
  for (std::string line; std::getline(smaps, line);) {
    unsigned long begin = 0;
    unsigned long end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) {
      inside = begin <= wanted && wanted < end;
    }
    if (inside && line.rfind("VmFlags:", 0) == 0) return line + " ";
  }
  return "";
}

class SecretArenaTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    auto arena =
        SecretArena::Create({.size = kSize, .use_memfd_secret = GetParam()});
    ASSERT_THAT(arena, IsOk());
    arena_ = *std::move(arena);
    if (GetParam() && arena_->kind() != SecretArena::Kind::kMemfdSecret) {
      GTEST_SKIP() << "this kernel has no memfd_secret";
    }
  }
  std::unique_ptr<SecretArena> arena_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, SecretArenaTest, testing::Bool(),
                         [](const auto& kind) {
                           return kind.param ? "MemfdSecret" : "Locked";
                         });

TEST_P(SecretArenaTest, SaysWhatItIs) {
  EXPECT_EQ(arena_->kind_name(), GetParam() ? "memfd_secret" : "mlock");
}

TEST_P(SecretArenaTest, PagesAreLeftOutOfDumpsAndForks) {
  const std::string flags = FlagsOf(arena_->Allocate(16));
  EXPECT_THAT(flags, HasSubstr(" dd "));
  EXPECT_THAT(flags, HasSubstr(" dc "));
  EXPECT_THAT(flags, HasSubstr(" lo "));
}

TEST_P(SecretArenaTest, ChildDoesNotInheritThePages) {
  auto* secret = static_cast<volatile uint8_t*>(arena_->Allocate(16));
  const pid_t child = ::fork();
  if (child == 0) {
    // Asks the kernel instead of touching the page: no signal handler of a
    // sanitizer gets in the way.
    unsigned char resident = 0;
    const auto page = reinterpret_cast<uintptr_t>(secret) & ~uintptr_t{4095};
    const int result =
        ::mincore(reinterpret_cast<void*>(page), 4096, &resident);
    ::_exit(result == -1 && errno == ENOMEM ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_P(SecretArenaTest, PagesBesideItCannotBeTouched) {
  auto* block = static_cast<uint8_t*>(arena_->Allocate(16));
  uint8_t* first_page = block - 16;
  EXPECT_THAT(FlagsOf(first_page - 1), testing::Not(HasSubstr(" rd ")));
  EXPECT_THAT(FlagsOf(first_page + kSize), testing::Not(HasSubstr(" rd ")));
}

TEST_P(SecretArenaTest, ReallocationKeepsTheBytesAndWipesTheOldOnes) {
  auto* old = static_cast<uint8_t*>(arena_->Allocate(64));
  std::memset(old, 0x5a, 64);
  auto* moved = static_cast<uint8_t*>(arena_->Reallocate(old, 4096));
  ASSERT_NE(moved, old);
  EXPECT_EQ(std::count(moved, moved + 64, 0x5a), 64);
  EXPECT_EQ(std::count(old, old + 64, 0x5a), 0);
  arena_->Free(moved);
}

TEST_P(SecretArenaTest, FullArenaGivesNull) {
  EXPECT_EQ(arena_->Allocate(kSize), nullptr);
  void* block = arena_->Allocate(kSize / 2);
  EXPECT_EQ(arena_->Reallocate(block, kSize), nullptr);
  arena_->Free(block);
  arena_->Free(nullptr);
}

TEST(MemfdSecretTest, TheKernelRefusesToReadItForAnybody) {
  auto arena = SecretArena::Create({.size = kSize});
  ASSERT_THAT(arena, IsOk());
  if ((*arena)->kind() != SecretArena::Kind::kMemfdSecret) {
    GTEST_SKIP() << "this kernel has no memfd_secret";
  }
  void* secret = (*arena)->Allocate(16);
  const UniqueFd memory(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
  char copy[16];
  EXPECT_EQ(::pread(memory.get(), copy, sizeof(copy),
                    reinterpret_cast<off_t>(secret)),
            -1);
  EXPECT_EQ(errno, EIO);
}

// In a process of its own: the limit, and the capability that lifts it, stay as
// they are in ours.
[[noreturn]] void CreateUnderASmallLimit(bool use_memfd_secret) {
  const rlimit small = {64 << 10, 64 << 10};
  ::setrlimit(RLIMIT_MEMLOCK, &small);
  // Root may lock without limit. Where the user cannot be changed we are in a
  // user namespace, whose root may not.
  [[maybe_unused]] const int dropped = ::setresuid(65534, 65534, 65534);
  auto arena = SecretArena::Create({.use_memfd_secret = use_memfd_secret});
  std::fputs(std::string(arena.status().message()).c_str(), stderr);
  ::_exit(absl::IsResourceExhausted(arena.status()) ? 0 : 1);
}

class LimitTest : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Kinds, LimitTest, testing::Bool());

TEST_P(LimitTest, TooSmallALimitIsExplained) {
  EXPECT_EXIT(CreateUnderASmallLimit(GetParam()), testing::ExitedWithCode(0),
              "\\(RLIMIT_MEMLOCK\\) is 64 KiB");
}

}  // namespace
}  // namespace holt
