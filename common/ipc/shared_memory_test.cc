#include "common/ipc/shared_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "common/testing/status_matchers.h"

namespace holt {
namespace {

constexpr size_t kSize = 8192;

TEST(SharedMemoryTest, IsZeroedAndShared) {
  const UniqueFd fd = *MakeSharedMemory("memory", kSize);
  const Mapping one =
      *Mapping::Map(fd.get(), kSize, Mapping::Access::kReadWrite);
  const Mapping other =
      *Mapping::Map(fd.get(), kSize, Mapping::Access::kReadOnly);
  EXPECT_EQ(other.data()[kSize - 1], 0);
  one.data()[kSize - 1] = 7;
  EXPECT_EQ(other.data()[kSize - 1], 7);
}

TEST(SharedMemoryTest, ItsSizeNeverChanges) {
  const UniqueFd fd = *MakeSharedMemory("memory", kSize);
  EXPECT_NE(::ftruncate(fd.get(), 0), 0);
  EXPECT_NE(::ftruncate(fd.get(), 2 * kSize), 0);
}

TEST(SharedMemoryTest, MappingAnotherSizeIsRefused) {
  const UniqueFd fd = *MakeSharedMemory("memory", kSize);
  EXPECT_THAT(Mapping::Map(fd.get(), kSize + 1, Mapping::Access::kReadOnly),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Mapping::Map(fd.get(), kSize - 1, Mapping::Access::kReadOnly),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
}

TEST(SharedMemoryTest, AMovedMappingIsUnmappedOnce) {
  const UniqueFd fd = *MakeSharedMemory("memory", kSize);
  Mapping mapping = *Mapping::Map(fd.get(), kSize, Mapping::Access::kReadWrite);
  Mapping moved = std::move(mapping);
  moved.data()[0] = 1;
  mapping = *Mapping::Map(fd.get(), kSize, Mapping::Access::kReadWrite);
  moved = std::move(mapping);
  EXPECT_EQ(moved.data()[0], 1);
}

TEST(SharedMemoryTest, AReadOnlyDescriptorCannotBeMappedForWriting) {
  const UniqueFd fd = *MakeSharedMemory("memory", kSize);
  const UniqueFd read_only = *ReopenReadOnly(fd.get());
  EXPECT_THAT(Mapping::Map(read_only.get(), kSize, Mapping::Access::kReadOnly),
              IsOk());
  EXPECT_FALSE(
      Mapping::Map(read_only.get(), kSize, Mapping::Access::kReadWrite).ok());
}

TEST(SealedFileTest, HoldsItsContentsForGood) {
  const std::string contents = "contents";
  const UniqueFd fd = *MakeSealedFile("sealed", contents);
  EXPECT_EQ(*ReadSealedFile(fd.get(), 100), contents);
  EXPECT_LT(::pwrite(fd.get(), "x", 1, 0), 0);
  EXPECT_EQ(::mmap(nullptr, kSize, PROT_WRITE, MAP_SHARED, fd.get(), 0),
            MAP_FAILED);
  EXPECT_NE(::ftruncate(fd.get(), 0), 0);
}

TEST(SealedFileTest, MoreThanExpectedIsNotRead) {
  const UniqueFd fd = *MakeSealedFile("sealed", "12345");
  EXPECT_THAT(ReadSealedFile(fd.get(), 4),
              StatusCodeIs(absl::StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace holt
