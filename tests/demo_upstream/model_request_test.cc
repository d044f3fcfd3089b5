#include "tests/demo_upstream/model_request.h"

#include <gtest/gtest.h>

namespace holt::demo {
namespace {

absl::StatusOr<ModelRequest> Read(absl::string_view body) {
  simdjson::dom::parser parser;
  return ReadModelRequest(body, parser);
}

TEST(ModelRequest, ChatRequestIsRead) {
  const auto request =
      Read(R"({"model":"holt-demo/chunks:3/mirror","stream":true,)"
           R"("stream_options":{"include_usage":true},"max_tokens":7,)"
           R"("messages":[{"role":"system","content":"12345678"},)"
           R"({"role":"user","content":[{"type":"text","text":"last"}]}]})");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->model, "holt-demo");
  EXPECT_EQ(request->controls, "/chunks:3/mirror");
  EXPECT_TRUE(request->stream);
  EXPECT_TRUE(request->include_usage);
  EXPECT_EQ(request->max_tokens, 7u);
  EXPECT_EQ(request->prompt_tokens, 3u);
  EXPECT_EQ(request->last_text, "last");
}

TEST(ModelRequest, StreamAndUsageAreOffByDefault) {
  const auto request = Read(R"({"model":"m","stream_options":null})");
  ASSERT_TRUE(request.ok());
  EXPECT_FALSE(request->stream);
  EXPECT_FALSE(request->include_usage);
  EXPECT_EQ(request->prompt_tokens, 1u);
}

TEST(ModelRequest, EmbeddingInputsAreCounted) {
  const auto request =
      Read(R"({"model":"m","input":["a","b"],"encoding_format":"base64",)"
           R"("dimensions":99999})");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->inputs, 2u);
  EXPECT_EQ(request->dimensions, 4096u);
  EXPECT_FALSE(request->float_embeddings);
}

TEST(ModelRequest, WhatIsNoRequestIsRefused) {
  for (const char* body : {"", "[]", "{", R"({"model":1})", R"({"model":""})",
                           R"({"messages":[]})"}) {
    EXPECT_FALSE(Read(body).ok()) << body;
  }
}

}  // namespace
}  // namespace holt::demo
