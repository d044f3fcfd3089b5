#include "admin-service/keys/keys_file.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace holt::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string HashOf(absl::string_view key) {
  return absl::BytesToHexString(AsText(Sha256(key)));
}

// The only entry of a file, which must be good.
ImportedKey Only(const std::string& entry) {
  const absl::StatusOr<KeysFile> file =
      ParseKeysFile(absl::StrCat("{\"keys\": [", entry, "]}"));
  EXPECT_THAT(file, IsOk());
  EXPECT_THAT(file->skipped, IsEmpty());
  EXPECT_THAT(file->keys, SizeIs(1));
  return file->keys.empty() ? ImportedKey{} : file->keys.front();
}

TEST(KeysFileTest, EntryOfTheEarlierProxyIsReadWhole) {
  const ImportedKey key = Only(
      absl::StrCat(R"({"key_hash": ")", HashOf("pm_secret"),
                   R"(", "key_id": "key_1a2b3c4d", "created_at": 1700000000.5,
         "expires_at": 1900000000, "rate_limit": 5, "description": "Team é",
         "enabled": true, "rotated_from": "key_0"})"));
  EXPECT_EQ(key.digest, Sha256("pm_secret"));
  EXPECT_EQ(key.key_id, "key_1a2b3c4d");
  EXPECT_EQ(key.create_time, absl::FromUnixMillis(1'700'000'000'500));
  EXPECT_EQ(key.expire_time, absl::FromUnixSeconds(1'900'000'000));
  EXPECT_EQ(key.requests_per_window, 5);
  EXPECT_EQ(key.display_name, "Team é");
  EXPECT_TRUE(key.enabled);
}

TEST(KeysFileTest, KeyInClearIsHashedAndHinted) {
  const ImportedKey key = Only(R"({"key": "pm_0123456789abcdef"})");
  EXPECT_EQ(key.digest, Sha256("pm_0123456789abcdef"));
  EXPECT_EQ(key.hint, "cdef");
  EXPECT_EQ(key.key_id, HashOf("pm_0123456789abcdef").substr(0, 8));
  EXPECT_EQ(key.expire_time, absl::InfiniteFuture());
}

TEST(KeysFileTest, HashWinsOverKey) {
  const ImportedKey key = Only(absl::StrCat(R"({"key": "one", "key_hash": ")",
                                            HashOf("other"), R"("})"));
  EXPECT_EQ(key.digest, Sha256("other"));
}

TEST(KeysFileTest, HashInCapitalsIsTheSameHash) {
  const ImportedKey key =
      Only(absl::StrCat(R"({"key_hash": ")",
                        absl::AsciiStrToUpper(HashOf("pm_secret")), R"("})"));
  EXPECT_EQ(key.digest, Sha256("pm_secret"));
}

TEST(KeysFileTest, SpellingsOfTheOlderManualAreUnderstood) {
  const ImportedKey key = Only(
      R"({"api_key": "pm_secret", "name": "Team",
          "expires_at": "2027-01-31T12:00:00Z"})");
  EXPECT_EQ(key.digest, Sha256("pm_secret"));
  EXPECT_EQ(key.display_name, "Team");
  EXPECT_EQ(key.expire_time, absl::FromUnixSeconds(1'801'396'800));
}

TEST(KeysFileTest, NullsMeanDefaults) {
  const ImportedKey key = Only(
      R"({"key": "a", "expires_at": null, "rate_limit": null,
          "description": null, "key_id": null})");
  EXPECT_EQ(key.expire_time, absl::InfiniteFuture());
  EXPECT_EQ(key.requests_per_window, 0);
  EXPECT_EQ(key.key_id.size(), 8);
}

TEST(KeysFileTest, ExpiryOfZeroIsNever) {
  EXPECT_EQ(Only(R"({"key": "a", "expires_at": 0})").expire_time,
            absl::InfiniteFuture());
}

TEST(KeysFileTest, DisabledKeyIsDisabled) {
  EXPECT_FALSE(Only(R"({"key": "a", "enabled": false})").enabled);
  EXPECT_FALSE(Only(R"({"key": "a", "enabled": 0})").enabled);
  EXPECT_FALSE(Only(R"({"key": "a", "enabled": null})").enabled);
}

TEST(KeysFileTest, NamesAndLabelsAreMadeToFit) {
  const ImportedKey key = Only(absl::StrCat(
      R"({"key": "a", "key_id": "a/b c)", std::string(60, 'x'),
      R"(", "description": "line\nbreak )", std::string(200, 'y'), R"("})"));
  EXPECT_TRUE(absl::StartsWith(key.key_id, "a_b_cxx"));
  EXPECT_EQ(key.key_id.size(), kMaxKeyId);
  EXPECT_TRUE(absl::StartsWith(key.display_name, "line break yy"));
  EXPECT_EQ(key.display_name.size(), 127);
}

TEST(KeysFileTest, LabelIsCutBetweenCharacters) {
  const ImportedKey key = Only(absl::StrCat(R"({"key": "a", "description": ")",
                                            std::string(126, 'y'), R"(éé"})"));
  EXPECT_EQ(key.display_name, std::string(126, 'y'));
}

class SkippedEntryTest : public testing::TestWithParam<const char*> {};

TEST_P(SkippedEntryTest, OthersCountAndItsPositionIsTold) {
  const absl::StatusOr<KeysFile> file = ParseKeysFile(absl::StrCat(
      R"({"keys": [{"key": "a"}, )", GetParam(), R"(, {"key": "b"}]})"));
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->keys, SizeIs(2));
  EXPECT_THAT(file->skipped, ElementsAre(1));
}

INSTANTIATE_TEST_SUITE_P(
    Entries, SkippedEntryTest,
    testing::Values("7", "null", "[]", "{}", R"({"key": ""})", R"({"key": 7})",
                    R"({"key_hash": "abc"})",
                    R"({"key": "a", "expires_at": "soon"})",
                    R"({"key": "a", "expires_at": -1})",
                    R"({"key": "a", "rate_limit": 0})",
                    R"({"key": "a", "rate_limit": "5"})",
                    R"({"key": "a", "rate_limit": 1.5})",
                    R"({"key": "a", "enabled": "false"})"));

TEST(KeysFileTest, WhatIsNoKeysFileIsRefused) {
  for (const char* text : {"", "{", "[]", "7", "{}", R"({"keys": {}})",
                           R"({"keys": [{"key": "a"})"}) {
    EXPECT_THAT(ParseKeysFile(text),
                StatusCodeIs(absl::StatusCode::kInvalidArgument))
        << text;
  }
}

}  // namespace
}  // namespace holt::admin
