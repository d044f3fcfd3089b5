#include "worker/http/json_body.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "worker/http/test_vectors.h"

namespace holt::worker {
namespace {

absl::Span<const uint8_t> BytesOf(absl::string_view text) {
  return absl::Span<const uint8_t>(
      reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

// "ok", or code and param of the refusal.
std::string Judge(absl::string_view body, const JsonRules& rules = {}) {
  BodyControls controls;
  const auto refusal = ReadJsonBody(BytesOf(body), rules, controls);
  if (!refusal.has_value()) return "ok";
  EXPECT_EQ(refusal->status, 400);
  EXPECT_FALSE(refusal->close);
  return absl::StrCat(NameOf(refusal->code), " ",
                      refusal->param == nullptr ? "-" : refusal->param);
}

TEST(JsonBodyTest, ControlsAreRead) {
  BodyControls controls;
  const std::string body =
      R"({"model":"org\/m\u00e9","stream":true,"max_tokens":7,)"
      R"("stream_options":{"x":1,"include_usage":true}})";
  ASSERT_FALSE(ReadJsonBody(BytesOf(body), {}, controls).has_value());
  EXPECT_EQ(controls.model, "org/m\xc3\xa9");
  EXPECT_TRUE(controls.stream);
  EXPECT_TRUE(controls.include_usage);
  EXPECT_EQ(controls.max_tokens, 7u);
}

TEST(JsonBodyTest, PlainModelIsAViewOfTheBody) {
  BodyControls controls;
  const std::string body = R"({"model":"m"})";
  ASSERT_FALSE(ReadJsonBody(BytesOf(body), {}, controls).has_value());
  EXPECT_EQ(controls.model.data(), body.data() + 10);
}

TEST(JsonBodyTest, EachFaultIsNamed) {
  const struct {
    const char* body;
    const char* verdict;
  } cases[] = {
      {"", "invalid_json -"},
      {"[]", "invalid_json -"},
      {"{", "invalid_json -"},
      {"{}", "missing_required_parameter model"},
      {R"({"model":""})", "missing_required_parameter model"},
      {R"({"model":null})", "invalid_type model"},
      {R"({"model":1})", "invalid_type model"},
      {R"({"model":1,})", "invalid_json -"},
      {R"({"model":"a\u0000"})", "invalid_value model"},
      {R"({"model":"a\r\nb"})", "invalid_value model"},
      {R"({"model":"m","stream":1})", "invalid_type stream"},
      {R"({"model":"m","stream":"true"})", "invalid_type stream"},
      {R"({"model":"m","stream_options":[]})", "invalid_type stream_options"},
      {R"({"model":"m","stream_options":{"include_usage":1}})",
       "invalid_type stream_options.include_usage"},
      {R"({"stream_options":{"include_usage":true,"include_us\u0061ge":true}})",
       "invalid_json stream_options.include_usage"},
      {R"({"model":"m","mod\u0065l":"n"})", "invalid_json model"},
      {R"({"model":"m","stream":true,"stream":true})", "invalid_json stream"},
      {R"({"model":"m","input":1,"input":2})", "invalid_json input"},
      {R"({"model":"m","messages":[],"messages":[]})", "invalid_json messages"},
      {"{\"model\":\"\xff\"}", "invalid_json -"},
      {R"({"model":"m","stream":null,"stream_options":null,"Model":1})", "ok"},
      {R"({"model":"m","max_tokens":1,"max_tokens":2,"x":1,"x":2})", "ok"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(Judge(test.body), test.verdict) << test.body;
  }
}

TEST(JsonBodyTest, BoundsHold) {
  const auto with_model = [](size_t size) {
    return absl::StrCat(R"({"model":")", std::string(size, 'm'), R"("})");
  };
  EXPECT_EQ(Judge(with_model(256)), "ok");
  EXPECT_EQ(Judge(with_model(257)), "invalid_value model");
  std::string keys = R"({"model":"m")";
  for (int i = 1; i < 1024; ++i) absl::StrAppend(&keys, ",\"k", i, "\":1");
  EXPECT_EQ(Judge(keys + "}"), "ok");
  EXPECT_EQ(Judge(keys + ",\"one\":1}"), "invalid_json -");
}

TEST(JsonBodyTest, ModelMayBeOptional) {
  EXPECT_EQ(Judge("{}", {1024, 256, false}), "ok");
}

std::string Edited(absl::string_view body) {
  BodyControls controls;
  EXPECT_FALSE(ReadJsonBody(BytesOf(body), {}, controls).has_value()) << body;
  const BodyPieces pieces = EditForUsage(BytesOf(body), controls);
  const std::string edited = absl::StrCat(
      absl::string_view(reinterpret_cast<const char*>(pieces.before.data()),
                        pieces.before.size()),
      pieces.inserted,
      absl::string_view(reinterpret_cast<const char*>(pieces.after.data()),
                        pieces.after.size()));
  EXPECT_EQ(edited.size(), pieces.size());
  return edited;
}

TEST(EditForUsageTest, OnlyTheAskedForBytesChange) {
  const struct {
    const char* body;
    const char* edited;
  } cases[] = {
      {R"( {"model":"m","stream":true})",
       R"( {"stream_options":{"include_usage":true},"model":"m","stream":true})"},
      {R"({"model":"m","stream":true,"stream_options":null})",
       R"({"model":"m","stream":true,"stream_options":{"include_usage":true}})"},
      {R"({"model":"m","stream":true,"stream_options":{ }})",
       R"({"model":"m","stream":true,"stream_options":{"include_usage":true }})"},
      {R"({"model":"m","stream":true,"stream_options":{"a":1}})",
       R"({"model":"m","stream":true,"stream_options":{"include_usage":true,"a":1}})"},
      {R"({"model":"m","stream":true,"stream_options":{"include_usage":false}})",
       R"({"model":"m","stream":true,"stream_options":{"include_usage":true}})"},
      {R"({"model":"m","stream":true,"stream_options":{"include_usage": null}})",
       R"({"model":"m","stream":true,"stream_options":{"include_usage": true}})"},
  };
  for (const auto& test : cases) EXPECT_EQ(Edited(test.body), test.edited);
}

TEST(EditForUsageTest, WhoAsksHimselfOrDoesNotStreamIsLeftAlone) {
  for (
      const char* body :
      {R"({"model":"m"})", R"({"model":"m","stream":false})",
       R"({"model":"m","stream":true,"stream_options":{"include_usage":true}})"}) {
    EXPECT_EQ(Edited(body), body);
  }
}

void ExpectVerdicts(const std::string& file) {
  for (const TestVector& vector : ReadTestVectors(file)) {
    const std::string verdict = Judge(vector.bytes);
    if (vector.must == "accept") {
      EXPECT_EQ(verdict, "ok") << vector.id;
    }
    // A path is no malformed model: it is one that nobody configured.
    if (vector.must == "reject" && vector.id != "body/model-path") {
      EXPECT_NE(verdict, "ok") << vector.id;
    }
  }
}

TEST(JsonBodyVectorTest, BodiesGetTheirVerdict) {
  ExpectVerdicts("worker/http/testdata/bodies.jsonl");
}

// In a string inside a body, every text of the suites must be judged alike.
TEST(JsonBodyVectorTest, OnlyValidUtf8Passes) {
  for (const TestVector& vector :
       ReadTestVectors("worker/http/testdata/utf8.jsonl")) {
    bool control = false;
    for (const char c : vector.bytes) {
      control = control || (c >= 0 && c < 0x20) || c == '"' || c == '\\';
    }
    if (control) continue;
    const std::string body =
        absl::StrCat(R"({"model":"m","x":")", vector.bytes, R"("})");
    EXPECT_EQ(Judge(body) == "ok", vector.must == "accept") << vector.id;
  }
}

TEST(JsonBodyVectorTest, JsonTestSuiteGetsItsVerdictAsAMember) {
  for (const TestVector& vector :
       ReadTestVectors("worker/http/testdata/json_test_suite.jsonl")) {
    const std::string body =
        absl::StrCat(R"({"model":"m","x":)", vector.bytes, "}");
    const std::string verdict = Judge(body);
    if (vector.must == "accept") {
      EXPECT_EQ(verdict, "ok") << vector.id;
    }
    // Two texts only mean something else where more follows.
    if (vector.must == "reject" && verdict == "ok") {
      EXPECT_TRUE(vector.id == "n_structure_object_followed_by_closing_object")
          << vector.id;
    }
  }
}

}  // namespace
}  // namespace holt::worker
