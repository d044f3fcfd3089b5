#include "worker/http/test_vectors.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "common/base/check.h"
#include "simdjson.h"

namespace holt::worker {
namespace {

using simdjson::dom::element;

std::string TextOf(const element& object, const char* key) {
  std::string_view text;
  if (object[key].get(text) != simdjson::SUCCESS) return "";
  return std::string(text);
}

// One byte per character; the file has it as UTF-8 of U+0000 to U+00FF.
std::string FromLatin1(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte < 0x80) {
      bytes.push_back(text[i]);
      continue;
    }
    HOLT_CHECK(i + 1 < text.size());
    const auto next = static_cast<uint8_t>(text[++i]);
    bytes.push_back(static_cast<char>((byte & 0x03) << 6 | (next & 0x3f)));
  }
  return absl::StrReplaceAll(bytes, {{"@@KEY@@", "holt_key"},
                                     {"@@HOST@@", "localhost"},
                                     {"@@PATH@@", "/v1/chat/completions"}});
}

std::string FromParts(const simdjson::dom::array& parts) {
  std::string bytes;
  for (const element part : parts) {
    std::string_view hex;
    uint64_t times = 0;
    HOLT_CHECK(part.at(0).get(hex) == simdjson::SUCCESS);
    HOLT_CHECK(part.at(1).get(times) == simdjson::SUCCESS);
    const std::string text =
        absl::HexStringToBytes(absl::string_view(hex.data(), hex.size()));
    for (uint64_t i = 0; i < times; ++i) bytes += text;
  }
  return bytes;
}

TestVector FromElement(const element& object) {
  TestVector vector;
  vector.id = TextOf(object, "id");
  vector.group = TextOf(object, "class");
  vector.must = TextOf(object, "must");
  simdjson::dom::array list;
  if (object["parts"].get(list) == simdjson::SUCCESS) {
    vector.bytes = FromParts(list);
  } else {
    vector.bytes = FromLatin1(TextOf(object, "raw"));
  }
  if (object["stream"].get(vector.stream) != simdjson::SUCCESS) {
    vector.stream = false;
  }
  uint64_t prompt = 0;
  uint64_t completion = 0;
  if (object["usage"].get(list) == simdjson::SUCCESS &&
      list.at(0).get(prompt) == simdjson::SUCCESS &&
      list.at(1).get(completion) == simdjson::SUCCESS) {
    vector.usage = {prompt, completion};
  }
  return vector;
}

}  // namespace

std::vector<TestVector> ReadTestVectors(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  HOLT_CHECK(file.good());
  std::vector<TestVector> vectors;
  simdjson::dom::parser parser;
  std::string line;
  while (std::getline(file, line)) {
    element object;
    HOLT_CHECK(parser.parse(line).get(object) == simdjson::SUCCESS);
    vectors.push_back(FromElement(object));
  }
  HOLT_CHECK(!vectors.empty());
  return vectors;
}

std::vector<TestVector> ReadSharedVectors(const std::string& folder) {
  std::vector<TestVector> vectors;
  const char* root = std::getenv("HOLT_SHARED_VECTORS");
  if (root == nullptr) return vectors;
  const std::filesystem::path path = std::filesystem::path(root) / folder;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() != ".jsonl") continue;
    for (TestVector& vector : ReadTestVectors(entry.path().string())) {
      vectors.push_back(std::move(vector));
    }
  }
  return vectors;
}

}  // namespace holt::worker
