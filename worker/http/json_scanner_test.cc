#include "worker/http/json_scanner.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "worker/http/test_vectors.h"

namespace holt::worker {
namespace {

using Event = JsonScanner::Event;

absl::Span<const uint8_t> BytesOf(absl::string_view text) {
  return absl::Span<const uint8_t>(
      reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

// Feeds a piece and appends its events as "position:letter". False once the
// text is refused.
bool Feed(JsonScanner& scanner, absl::string_view piece, size_t& position,
          std::string& trace) {
  absl::Span<const uint8_t> rest = BytesOf(piece);
  while (true) {
    const JsonScanner::Step step = scanner.Next(rest);
    rest.remove_prefix(step.consumed);
    position += step.consumed;
    if (step.event == Event::kNeedMore) return true;
    trace += std::to_string(position) + ":" +
             "-{kKvV}!^"[static_cast<size_t>(step.event)] + " ";
    if (step.event >= Event::kInvalid) return false;
  }
}

std::string Trace(absl::string_view text, size_t piece_size) {
  JsonScanner scanner;
  std::string trace;
  size_t position = 0;
  for (size_t at = 0; at < text.size(); at += piece_size) {
    if (!Feed(scanner, text.substr(at, piece_size), position, trace)) break;
  }
  return trace + (scanner.Finish() ? "whole" : "not");
}

bool Accepts(absl::string_view text) {
  return absl::EndsWith(Trace(text, text.size() + 1), "whole");
}

TEST(JsonScannerTest, TopLevelMembersAreToldWithTheirEnds) {
  EXPECT_EQ(Trace(R"({"a" : 1,"b":{"c":[2,"}"]} })", 100),
            "1:{ 2:k 4:K 7:v 8:V 10:k 12:K 13:v 26:V 28:} whole");
}

TEST(JsonScannerTest, NestedMembersAreNotTold) {
  EXPECT_EQ(Trace(R"([{"a":1}])", 100), "whole");
}

TEST(JsonScannerTest, DepthOf128IsTheMost) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(Accepts(nested(128)));
  EXPECT_FALSE(Accepts(nested(129)));
}

TEST(JsonScannerTest, AHundredThousandBracketsAreNotReadToTheirEnd) {
  const std::string text(100'000, '[');
  JsonScanner scanner;
  const JsonScanner::Step step = scanner.Next(BytesOf(text));
  EXPECT_EQ(step.event, Event::kTooDeep);
  EXPECT_EQ(step.consumed, JsonScanner::kMaxDepth + 1);
}

TEST(JsonScannerTest, EveryByteInALongStringCountsWhereverItStands) {
  for (size_t place = 0; place < 24; ++place) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text = "\"" + std::string(24, 'x') + "\"";
      text[1 + place] = static_cast<char>(byte);
      const bool plain = byte >= 0x20 && byte != '"' && byte != '\\';
      EXPECT_EQ(Accepts(text), plain) << "byte " << byte << " at " << place;
    }
  }
}

TEST(JsonScannerTest, NumberAloneIsWholeOnlyIfItMayEnd) {
  for (const char* text : {"0", "-0", "12", "1.5", "1e9", "1E+9", " 1 "}) {
    EXPECT_TRUE(Accepts(text)) << text;
  }
  for (const char* text : {"-", "01", "1.", "1e", "1e+", ".5", "+1", "0x1",
                           "1 2", "--1", "1.e1", "Infinity", "NaN"}) {
    EXPECT_FALSE(Accepts(text)) << text;
  }
}

TEST(JsonScannerVectorTest, JsonTestSuiteGetsItsVerdictHoweverItIsCut) {
  for (const TestVector& vector :
       ReadTestVectors("worker/http/testdata/json_test_suite.jsonl")) {
    const std::string whole = Trace(vector.bytes, vector.bytes.size() + 1);
    // UTF-8 is not the scanner's.
    if (vector.must == "accept") {
      EXPECT_TRUE(Accepts(vector.bytes)) << vector.id;
    }
    if (vector.must == "reject" &&
        vector.id.find("utf8") == std::string::npos &&
        vector.id.find("utf-8") == std::string::npos) {
      EXPECT_FALSE(Accepts(vector.bytes)) << vector.id;
    }
    if (vector.bytes.size() > 10'000) continue;
    for (const size_t piece : {1u, 2u, 3u, 7u}) {
      EXPECT_EQ(Trace(vector.bytes, piece), whole) << vector.id;
    }
  }
}

}  // namespace
}  // namespace holt::worker
