#include "tests/demo_upstream/service.h"

#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tests/demo_upstream/prose.h"
#include "tests/demo_upstream/script.h"

namespace holt::demo {
namespace {

constexpr absl::string_view kChatModel = "holt-demo";
constexpr absl::string_view kEmbeddingModel = "holt-demo-embedding";
constexpr absl::string_view kModelsPath = "/v1/models";

std::string ModelObject(absl::string_view id) {
  return absl::StrCat("{\"id\":\"", id,
                      "\",\"object\":\"model\",\"created\":1767225600,"
                      "\"owned_by\":\"holt-demo\"}");
}

absl::string_view PathOf(absl::string_view target) {
  return target.substr(0, target.find('?'));
}

// What arrived, one header a line, as the text of an answer: ASCII only, since
// it goes into JSON.
std::string HeaderLines(const HttpRequest& request) {
  std::string lines;
  for (const auto& [name, value] : request.headers) {
    absl::StrAppend(&lines, name, ": ", value, "\n");
  }
  for (char& letter : lines) {
    if (!absl::ascii_isascii(static_cast<unsigned char>(letter))) letter = '?';
  }
  return lines;
}

Wording WordingFor(const Script& script, const HttpRequest& request,
                   const ModelRequest& body) {
  switch (script.content) {
    case Script::Content::kProse:
      return Wording::Prose();
    case Script::Content::kMirror:
      return Wording::MirrorOf(body.last_text);
    case Script::Content::kHeaders:
      return Wording(HeaderLines(request));
  }
  return Wording::Prose();
}

// A vector that depends on its position alone, of values in [-1, 1].
float Coordinate(uint32_t input, uint32_t dimension) {
  const uint32_t mixed = (input * 7919U + dimension * 104729U) % 2001U;
  return static_cast<float>(mixed) / 1000.0F - 1.0F;
}

void AppendVector(const ModelRequest& request, uint32_t input,
                  std::string& out) {
  std::string raw;
  std::string numbers;
  for (uint32_t i = 0; i < request.dimensions; ++i) {
    const float value = Coordinate(input, i);
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    raw.append(bytes, sizeof value);
    absl::StrAppend(&numbers, i == 0 ? "" : ",", value);
  }
  if (request.float_embeddings) {
    absl::StrAppend(&out, "[", numbers, "]");
  } else {
    absl::StrAppend(&out, "\"", absl::Base64Escape(raw), "\"");
  }
}

std::string EmbeddingBody(const ModelRequest& request) {
  std::string body = "{\"object\":\"list\",\"data\":[";
  for (uint32_t i = 0; i < request.inputs; ++i) {
    absl::StrAppend(&body, i == 0 ? "" : ",",
                    "{\"object\":\"embedding\",\"index\":", i,
                    ",\"embedding\":");
    AppendVector(request, i, body);
    body.push_back('}');
  }
  absl::StrAppend(&body, "],\"model\":\"", kEmbeddingModel,
                  "\",\"usage\":{\"prompt_tokens\":", request.prompt_tokens,
                  ",\"total_tokens\":", request.prompt_tokens, "}}");
  return body;
}

// Counts when its last byte is out, like the answers of the chat model.
class EmbeddingAnswer final : public Answer {
 public:
  EmbeddingAnswer(std::string bytes, uint64_t tokens, Stats& stats)
      : bytes_(std::move(bytes)), tokens_(tokens), stats_(stats) {
    ++stats_.started;
  }
  Then Produce(std::string& out) override {
    out.append(bytes_);
    return Then::kEnd;
  }
  void OnDelivered() override {
    ++stats_.finished;
    stats_.prompt_tokens += tokens_;
  }

 private:
  std::string bytes_;
  uint64_t tokens_;
  Stats& stats_;
};

std::string RetryAfterLine(const Script& script) {
  return script.retry_after == 0
             ? std::string()
             : absl::StrCat("retry-after: ", script.retry_after, "\r\n");
}

}  // namespace

std::unique_ptr<Answer> Service::Handle(const HttpRequest& request) {
  ++stats_.requests;
  const absl::string_view path = PathOf(request.target);
  if (request.method == "GET") {
    if (path == "/demo/stats") return ShowStats(request);
    if (absl::StartsWith(path, kModelsPath)) return ShowModels(request);
  } else if (request.method == "POST") {
    if (path == "/v1/chat/completions") {
      return Complete(request, Dialect::kChat);
    }
    if (path == "/v1/completions") {
      return Complete(request, Dialect::kCompletion);
    }
    if (path == "/v1/embeddings") return Embed(request);
  }
  return Refuse(request, 404, "the demo has no such path");
}

std::unique_ptr<Answer> Service::Complete(const HttpRequest& request,
                                          Dialect dialect) {
  absl::StatusOr<ModelRequest> body = ReadModelRequest(request.body, parser_);
  if (!body.ok()) return Refuse(request, 400, body.status().message());
  Script script;
  absl::Status understood = ApplyControls(request.Header("x-demo"), script);
  if (understood.ok()) understood = ApplyControls(body->controls, script);
  if (!understood.ok()) return Refuse(request, 400, understood.message());
  if (body->model != kChatModel) {
    return Refuse(request, 404, "the demo has no such model: ask holt-demo");
  }
  if (script.status != 200) {
    return Refuse(request, script.status, "the demo was told to fail",
                  RetryAfterLine(script));
  }
  AnswerPlan plan{.dialect = dialect,
                  .script = script,
                  .wording = WordingFor(script, request, *body),
                  .keep_alive = request.keep_alive,
                  .number = ++answers_,
                  .created = absl::ToUnixSeconds(clock_.Now())};
  PlanFrom(*body, plan);
  return MakeScriptedAnswer(std::move(plan), stats_);
}

std::unique_ptr<Answer> Service::Embed(const HttpRequest& request) {
  absl::StatusOr<ModelRequest> body = ReadModelRequest(request.body, parser_);
  if (!body.ok()) return Refuse(request, 400, body.status().message());
  if (body->model != kEmbeddingModel) {
    return Refuse(request, 404,
                  "the demo has no such model: ask holt-demo-embedding");
  }
  constexpr uint64_t kMostNumbers = 1'048'576;
  if (uint64_t{body->inputs} * body->dimensions > kMostNumbers) {
    return Refuse(request, 400, "too many inputs of so many dimensions");
  }
  return std::make_unique<EmbeddingAnswer>(
      JsonResponse(200, request.keep_alive, EmbeddingBody(*body)),
      body->prompt_tokens, stats_);
}

std::unique_ptr<Answer> Service::ShowModels(const HttpRequest& request) {
  absl::string_view rest = PathOf(request.target);
  rest.remove_prefix(kModelsPath.size());
  if (rest.empty() || rest == "/") {
    return std::make_unique<FixedAnswer>(JsonResponse(
        200, request.keep_alive,
        absl::StrCat("{\"object\":\"list\",\"data\":[", ModelObject(kChatModel),
                     ",", ModelObject(kEmbeddingModel), "]}")));
  }
  absl::ConsumePrefix(&rest, "/");
  for (const absl::string_view id : {kChatModel, kEmbeddingModel}) {
    if (rest == id) {
      return std::make_unique<FixedAnswer>(
          JsonResponse(200, request.keep_alive, ModelObject(id)));
    }
  }
  return Refuse(request, 404, "the demo has no such model");
}

std::unique_ptr<Answer> Service::ShowStats(const HttpRequest& request) {
  return std::make_unique<FixedAnswer>(JsonResponse(
      200, request.keep_alive,
      absl::StrCat(
          "{\"connections\":", stats_.connections,
          ",\"requests\":", stats_.requests, ",\"started\":", stats_.started,
          ",\"finished\":", stats_.finished, ",\"cut\":", stats_.cut,
          ",\"abandoned\":", stats_.abandoned, ",\"refused\":", stats_.refused,
          ",\"prompt_tokens\":", stats_.prompt_tokens,
          ",\"completion_tokens\":", stats_.completion_tokens, "}")));
}

std::unique_ptr<Answer> Service::Refuse(const HttpRequest& request, int status,
                                        absl::string_view message,
                                        absl::string_view more_headers) {
  ++stats_.refused;
  return std::make_unique<FixedAnswer>(
      ErrorResponse(status, request.keep_alive, message, more_headers));
}

}  // namespace holt::demo
