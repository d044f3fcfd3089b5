#include "worker/http/json_text.h"

#include <string>

#include "gtest/gtest.h"

namespace holt::worker {
namespace {

std::string Unescape(absl::string_view raw) {
  JsonTextCursor cursor(raw);
  std::string text;
  for (int byte = cursor.Next(); byte >= 0; byte = cursor.Next()) {
    text.push_back(static_cast<char>(byte));
  }
  return text;
}

TEST(JsonTextTest, EscapesStandForTheirBytes) {
  EXPECT_EQ(Unescape("plain"), "plain");
  EXPECT_EQ(Unescape(R"(\"\\\/\b\f\n\r\t)"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(Unescape(R"(\u0041\u00e9\u4E2d)"), "A\xc3\xa9\xe4\xb8\xad");
  EXPECT_EQ(Unescape(R"(\ud83d\ude00)"), "\xf0\x9f\x98\x80");
}

TEST(JsonTextTest, LoneSurrogatesStayApart) {
  EXPECT_EQ(Unescape(R"(\ud83dx)"), "\xed\xa0\xbdx");
  EXPECT_EQ(Unescape(R"(\ud83d\u0041)"),
            "\xed\xa0\xbd"
            "A");
  EXPECT_FALSE(SameJsonText(R"(\ud83d)", R"(\ud83e)"));
}

TEST(JsonTextTest, SameTextIsFoundThroughEscapes) {
  EXPECT_TRUE(SameJsonText("model", R"(mod\u0065l)"));
  EXPECT_TRUE(SameJsonText("\xc3\xa9", R"(\u00e9)"));
  EXPECT_FALSE(SameJsonText("model", "Model"));
  EXPECT_FALSE(SameJsonText("model", R"(model\u0000)"));
  EXPECT_FALSE(SameJsonText("model", "mode"));
}

}  // namespace
}  // namespace holt::worker
