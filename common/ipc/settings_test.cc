#include "common/ipc/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/testing/status_matchers.h"

namespace holt {
namespace {

TEST(SettingsTest, ComeThroughTheFile) {
  CourierSettings settings{};
  settings.batch_interval = 250;
  const UniqueFd file = *MakeSettingsFile("settings", settings);
  const auto read = ReadSettingsFile<CourierSettings>(file.get());
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->batch_interval, 250u);
}

TEST(SettingsTest, OfAnotherProgramAreRefused) {
  const UniqueFd file = *MakeSettingsFile("settings", CourierSettings{});
  EXPECT_THAT(ReadSettingsFile<ConnectorSettings>(file.get()),
              StatusCodeIs(absl::StatusCode::kFailedPrecondition));
}

TEST(SettingsTest, OfAnotherLayoutAreRefused) {
  CourierSettings settings{};
  settings.magic = CourierSettings::kMagic;
  settings.layout = CourierSettings::kLayout + 1;
  const UniqueFd file = *MakeSealedFile(
      "settings", absl::string_view(reinterpret_cast<const char*>(&settings),
                                    sizeof(settings)));
  EXPECT_THAT(ReadSettingsFile<CourierSettings>(file.get()),
              StatusCodeIs(absl::StatusCode::kFailedPrecondition));
}

TEST(SettingsTest, LargerFilesAreRefused) {
  const UniqueFd file = *MakeSealedFile(
      "settings", std::string(sizeof(CourierSettings) + 1, 'x'));
  EXPECT_THAT(ReadSettingsFile<CourierSettings>(file.get()),
              StatusCodeIs(absl::StatusCode::kResourceExhausted));
}

TEST(SetTextTest, TextFitsWithItsZero) {
  char member[4] = {'x', 'x', 'x', 'x'};
  ASSERT_THAT(SetText(member, "abc"), IsOk());
  EXPECT_STREQ(member, "abc");
  EXPECT_THAT(SetText(member, "abcd"),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(SetText(member, absl::string_view("a\0b", 3)),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
  EXPECT_STREQ(member, "abc");
}

}  // namespace
}  // namespace holt
