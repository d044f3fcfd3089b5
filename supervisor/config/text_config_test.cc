#include "supervisor/config/text_config.h"

#include <gtest/gtest.h>

#include "common/testing/status_matchers.h"

namespace holt::supervisor {
namespace {

using testing::HasSubstr;

TEST(ParseTextConfig, ReadsFieldsAndWhereTheyStand) {
  const auto config = ParseTextConfig(
      "listener { port: 8443 }\n"
      "upstreams { name: \"a\" }\n"
      "upstreams {\n  url: \"http://b\"\n}\n",
      "holt.textproto");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->gateway.listener().port(), 8443u);
  EXPECT_EQ(config->origins.Describe("listener.port"),
            "holt.textproto:1:12: listener.port");
  EXPECT_EQ(config->origins.Describe("upstreams[1].url"),
            "holt.textproto:4:3: upstreams[1].url");
}

TEST(ParseTextConfig, AnUnknownFieldIsNamedWithItsPlaceAndTheOneMeant) {
  EXPECT_THAT(ParseTextConfig("# limits\nlimts { global_requests: 5 }\n",
                              "h.textproto"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "h.textproto:2:1: unknown field \"limts\"; did you mean "
                       "\"limits\"?"));
}

TEST(ParseTextConfig, AnUnknownNestedFieldIsComparedWithItsOwnMessage) {
  EXPECT_THAT(ParseTextConfig("listener {\n  prot: 1\n}\n", "h.textproto"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "h.textproto:2:3: unknown field \"prot\"; did you mean "
                       "\"port\"?"));
}

TEST(ParseTextConfig, AFieldLikeNoOtherGetsTheListOfFields) {
  EXPECT_THAT(ParseTextConfig("keys { zzzzzz: 1 }", "h.textproto"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "h.textproto:1:8: unknown field \"zzzzzz\"; Keys has: "
                       "keys_file, max_staleness_ms"));
}

TEST(ParseTextConfig, AValueOfTheWrongKindIsRefusedWithItsPlace) {
  EXPECT_THAT(ParseTextConfig("listener { port: \"x\" }", "h.textproto"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("h.textproto:1:18: ")));
  EXPECT_THAT(ParseTextConfig("listener { port: -1 }", "h.textproto"),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseTextConfig("listener { port: 1 port: 2 }", "h.textproto"),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
}

TEST(ParseTextConfig, AnEmptyFileIsAConfiguration) {
  EXPECT_THAT(ParseTextConfig("", "h.textproto"), IsOk());
}

TEST(LoadTextConfig, AMissingFileIsNamed) {
  EXPECT_THAT(LoadTextConfig("/nonexistent/holt.textproto"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("cannot read the configuration file "
                                 "/nonexistent/holt.textproto")));
}

}  // namespace
}  // namespace holt::supervisor
