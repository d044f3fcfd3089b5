#include "worker/http/json_body.h"

#include <array>

#include "absl/strings/numbers.h"
#include "simdjson.h"
#include "worker/http/json_text.h"

namespace holt::worker {
namespace {

using Refused = std::optional<RefusalKind>;

// Members that only one parser's choice of two would pick.
enum class Control : uint8_t {
  kModel,
  kStream,
  kStreamOptions,
  kMessages,
  kInput,
  kMaxCompletionTokens,
  kMaxOutputTokens,
  kMaxTokens,
};
struct Name {
  absl::string_view text;
  RefusalKind duplicate;  // kInvalidJson: two are the upstream's business
};
constexpr std::array<Name, 8> kNames = {{
    {"model", RefusalKind::kJsonDuplicateModel},
    {"stream", RefusalKind::kJsonDuplicateStream},
    {"stream_options", RefusalKind::kJsonDuplicateStreamOptions},
    {"messages", RefusalKind::kJsonDuplicateMessages},
    {"input", RefusalKind::kJsonDuplicateInput},
    {"max_completion_tokens", RefusalKind::kInvalidJson},
    {"max_output_tokens", RefusalKind::kInvalidJson},
    {"max_tokens", RefusalKind::kInvalidJson},
}};

absl::Span<const uint8_t> BytesOf(absl::string_view text) {
  return absl::Span<const uint8_t>(
      reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

std::optional<RefusalKind> KindOf(JsonMembers::Outcome outcome) {
  switch (outcome) {
    case JsonMembers::Outcome::kObject:
      return std::nullopt;
    case JsonMembers::Outcome::kNotObject:
      return RefusalKind::kJsonNotObject;
    case JsonMembers::Outcome::kTooDeep:
      return RefusalKind::kJsonTooDeep;
    case JsonMembers::Outcome::kInvalid:
      break;
  }
  return RefusalKind::kInvalidJson;
}

// One pass over a body's top level.
class BodyReader {
 public:
  BodyReader(absl::Span<const uint8_t> body, const JsonRules& rules,
             BodyControls& controls)
      : rules_(rules), controls_(controls), members_(body) {}

  Refused Read() {
    JsonMember member;
    size_t count = 0;
    while (members_.Next(member)) {
      if (++count > rules_.max_keys) return RefusalKind::kJsonTooManyKeys;
      // What a member says is judged after the whole text: a body that is no
      // JSON is told so, whatever its members are.
      const Refused refused = TakeMember(member);
      if (!refused_.has_value()) refused_ = refused;
    }
    const Refused invalid = KindOf(members_.outcome());
    if (invalid.has_value()) return invalid;
    if (refused_.has_value()) return refused_;
    controls_.object = members_.object();
    const bool missing = !Seen(Control::kModel) && rules_.model_required;
    return missing ? Refused(RefusalKind::kModelMissing) : std::nullopt;
  }

 private:
  [[nodiscard]] bool Seen(Control control) const {
    return seen_[static_cast<size_t>(control)];
  }

  Refused TakeMember(const JsonMember& member) {
    for (size_t i = 0; i < kNames.size(); ++i) {
      if (!members_.KeyIs(member, kNames[i].text)) continue;
      const bool again = seen_[i];
      seen_[i] = true;
      if (again && kNames[i].duplicate != RefusalKind::kInvalidJson) {
        return kNames[i].duplicate;
      }
      return TakeControl(static_cast<Control>(i), member.value);
    }
    return std::nullopt;
  }

  Refused TakeControl(Control control, ByteRange value) {
    switch (control) {
      case Control::kModel:
        return TakeModel(value);
      case Control::kStream:
        return TakeStream(members_.Text(value));
      case Control::kStreamOptions:
        return TakeStreamOptions(value);
      case Control::kMessages:
      case Control::kInput:
        return std::nullopt;
      case Control::kMaxCompletionTokens:
      case Control::kMaxOutputTokens:
      case Control::kMaxTokens:
        TakeMaxTokens(members_.Text(value));
        return std::nullopt;
    }
    return std::nullopt;
  }

  Refused TakeModel(ByteRange value) {
    if (!members_.IsString(value)) return RefusalKind::kModelNotString;
    const absl::string_view raw = members_.Unquoted(value);
    controls_.model = raw;
    if (raw.find('\\') != absl::string_view::npos) UnescapeModel(raw);
    const absl::string_view model = controls_.model;
    if (model.empty()) return RefusalKind::kModelMissing;
    if (model.size() > rules_.max_model_size) return RefusalKind::kModelTooLong;
    for (const char c : model) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte == 0x7f) return RefusalKind::kModelTooLong;
    }
    return std::nullopt;
  }

  void UnescapeModel(absl::string_view raw) {
    controls_.unescaped_model.Clear();
    JsonTextCursor cursor(raw);
    // One byte over the bound is enough to be refused.
    while (controls_.unescaped_model.size() <= rules_.max_model_size) {
      const int next = cursor.Next();
      if (next < 0) break;
      const auto byte = static_cast<uint8_t>(next);
      controls_.unescaped_model.Append(absl::Span<const uint8_t>(&byte, 1));
    }
    controls_.model = controls_.unescaped_model.view();
  }

  Refused TakeStream(absl::string_view value) {
    controls_.stream = value == "true";
    const bool known = value == "true" || value == "false" || value == "null";
    return known ? std::nullopt : Refused(RefusalKind::kStreamNotBoolean);
  }

  Refused TakeStreamOptions(ByteRange value) {
    controls_.stream_options = value;
    const absl::string_view text = members_.Text(value);
    controls_.stream_options_null = text == "null";
    if (controls_.stream_options_null) return std::nullopt;
    if (text.front() != '{') return RefusalKind::kStreamOptionsNotObject;
    JsonMembers options(BytesOf(text));
    JsonMember member;
    bool seen = false;
    while (options.Next(member)) {
      controls_.stream_options_empty = false;
      if (!options.KeyIs(member, "include_usage")) continue;
      if (seen) return RefusalKind::kIncludeUsageTwice;
      seen = true;
      const absl::string_view asked = options.Text(member.value);
      if (asked != "true" && asked != "false" && asked != "null") {
        return RefusalKind::kIncludeUsageNotBoolean;
      }
      controls_.include_usage = asked == "true";
      controls_.include_usage_value = {value.begin + member.value.begin,
                                       value.begin + member.value.end};
    }
    return std::nullopt;
  }

  void TakeMaxTokens(absl::string_view value) {
    uint64_t number = 0;
    if (controls_.max_tokens.has_value()) return;
    if (absl::SimpleAtoi(value, &number)) controls_.max_tokens = number;
  }

  const JsonRules& rules_;
  BodyControls& controls_;
  JsonMembers members_;
  std::array<bool, kNames.size()> seen_ = {};
  Refused refused_;
};

}  // namespace

std::optional<Refusal> ReadJsonBody(absl::Span<const uint8_t> body,
                                    const JsonRules& rules,
                                    BodyControls& controls) {
  controls = BodyControls();
  Refused refused = BodyReader(body, rules, controls).Read();
  // Structure first: it gives up early on what is long and senseless.
  if (!refused.has_value() &&
      !simdjson::validate_utf8(reinterpret_cast<const char*>(body.data()),
                               body.size())) {
    refused = RefusalKind::kInvalidJson;
  }
  if (!refused.has_value()) return std::nullopt;
  return MakeRefusal(*refused);
}

BodyPieces EditForUsage(absl::Span<const uint8_t> body,
                        const BodyControls& controls) {
  if (!controls.stream || controls.include_usage) return {body, {}, {}};
  const auto replace = [body](ByteRange range, absl::string_view text) {
    return BodyPieces{body.first(range.begin), text, body.subspan(range.end)};
  };
  if (!controls.include_usage_value.empty()) {
    return replace(controls.include_usage_value, "true");
  }
  if (controls.stream_options_null) {
    return replace(controls.stream_options, R"({"include_usage":true})");
  }
  if (!controls.stream_options.empty()) {
    const size_t inside = controls.stream_options.begin + 1;
    return replace({inside, inside}, controls.stream_options_empty
                                         ? R"("include_usage":true)"
                                         : R"("include_usage":true,)");
  }
  // An object that streams is not empty, so a comma always follows.
  const size_t inside = controls.object.begin + 1;
  return replace({inside, inside},
                 R"("stream_options":{"include_usage":true},)");
}

}  // namespace holt::worker
