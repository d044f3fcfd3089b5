#include "tests/demo_upstream/scripted_answer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace holt::demo {
namespace {

// What pieces of a given size are cut from.
absl::string_view Filler() {
  static const std::string filler = [] {
    std::string text;
    while (text.size() < 16'000) text.append(" holt");
    return text;
  }();
  return filler;
}

// What both forms share: the pace, the cut, the count.
class ScriptedAnswer : public Answer {
 public:
  ScriptedAnswer(AnswerPlan plan, Stats& stats)
      : plan_(std::move(plan)), stats_(stats) {
    ++stats_.started;
  }

  ~ScriptedAnswer() override {
    if (outcome_ == Outcome::kRunning) ++stats_.abandoned;
  }

  [[nodiscard]] absl::Duration Wait() const override {
    if (!head_sent_) return plan_.script.head_delay;
    return next_piece_ < plan_.pieces ? plan_.script.delay
                                      : absl::ZeroDuration();
  }

  void OnDelivered() override {
    if (outcome_ != Outcome::kRunning) return;
    outcome_ = Outcome::kFinished;
    ++stats_.finished;
    stats_.prompt_tokens += plan_.prompt_tokens;
    stats_.completion_tokens += plan_.pieces;
  }

 protected:
  // kMore unless the script breaks off before the next piece.
  Then CutOrMore() {
    const Script& script = plan_.script;
    if (script.cut == Script::Cut::kNever || next_piece_ != script.cut_after) {
      return Then::kMore;
    }
    outcome_ = Outcome::kCut;
    ++stats_.cut;
    return script.cut == Script::Cut::kReset ? Then::kReset : Then::kClose;
  }

  // The inside of the JSON string of piece `index`.
  void AppendPiece(uint32_t index, std::string& out) const {
    if (plan_.script.chunk_bytes == 0) {
      AppendJsonEscaped(plan_.wording.word(index), out);
      return;
    }
    size_t left = plan_.script.chunk_bytes;
    while (left > 0) {
      const absl::string_view part = Filler().substr(0, left);
      out.append(part.data(), part.size());
      left -= part.size();
    }
  }

  void AppendUsage(uint32_t completion, std::string& out) const {
    absl::StrAppend(&out, "\"usage\":{\"prompt_tokens\":", plan_.prompt_tokens,
                    ",\"completion_tokens\":", completion,
                    ",\"total_tokens\":", plan_.prompt_tokens + completion,
                    "}");
  }

  // {"id":...,"object":OBJECT,"created":...,"model":...,
  void AppendOpening(absl::string_view object, std::string& out) const {
    const bool chat = plan_.dialect == Dialect::kChat;
    absl::StrAppend(&out, "{\"id\":\"", chat ? "chatcmpl" : "cmpl", "-demo-",
                    plan_.number, "\",\"object\":\"", object,
                    "\",\"created\":", plan_.created, ",\"model\":\"",
                    plan_.model, "\",");
  }

  [[nodiscard]] absl::string_view finish_reason() const {
    return plan_.stopped_early ? "length" : "stop";
  }

  const AnswerPlan plan_;
  uint32_t next_piece_ = 0;
  bool head_sent_ = false;

 private:
  enum class Outcome { kRunning, kFinished, kCut };
  Stats& stats_;
  Outcome outcome_ = Outcome::kRunning;
};

// One JSON object with its length said before.
class WholeAnswer final : public ScriptedAnswer {
 public:
  using ScriptedAnswer::ScriptedAnswer;

  // What needs no wait leaves together, as from a server that has the whole
  // text before it answers.
  Then Produce(std::string& out) override {
    Then then = ProducePiece(out);
    while (then == Then::kMore && out.size() < kMaxBurst &&
           Wait() == absl::ZeroDuration()) {
      then = ProducePiece(out);
    }
    return then;
  }

 private:
  static constexpr size_t kMaxBurst = size_t{64} * 1024;

  Then ProducePiece(std::string& out) {
    if (!head_sent_) {
      AppendHead(out);
      head_sent_ = true;
      return CutOrMore();
    }
    if (next_piece_ < plan_.pieces) {
      AppendPiece(next_piece_++, out);
      return CutOrMore();
    }
    AppendTail(out);
    return Then::kEnd;
  }

  void AppendHead(std::string& out) const {
    const bool chat = plan_.dialect == Dialect::kChat;
    std::string opening;
    AppendOpening(chat ? "chat.completion" : "text_completion", opening);
    absl::StrAppend(&opening, "\"choices\":[{\"index\":0,",
                    chat ? "\"message\":{\"role\":\"assistant\",\"content\":\""
                         : "\"text\":\"");
    std::string tail;
    AppendTail(tail);
    absl::StrAppend(
        &out,
        HttpHead(
            200, plan_.keep_alive,
            absl::StrCat("content-type: application/json\r\n",
                         "x-request-id: demo-", plan_.number, "\r\n",
                         "content-length: ",
                         opening.size() + PiecesSize() + tail.size(), "\r\n")),
        opening);
  }

  [[nodiscard]] uint64_t PiecesSize() const {
    if (plan_.script.chunk_bytes != 0) {
      return uint64_t{plan_.pieces} * plan_.script.chunk_bytes;
    }
    uint64_t size = 0;
    std::string piece;
    for (uint32_t i = 0; i < plan_.pieces; ++i) {
      piece.clear();
      AppendPiece(i, piece);
      size += piece.size();
    }
    return size;
  }

  void AppendTail(std::string& out) const {
    const bool chat = plan_.dialect == Dialect::kChat;
    absl::StrAppend(&out, chat ? "\"}" : "\"",
                    ",\"logprobs\":null,\"finish_reason\":\"", finish_reason(),
                    "\"}]");
    if (!plan_.script.omit_usage) {
      out.push_back(',');
      AppendUsage(plan_.pieces, out);
    }
    out.push_back('}');
  }
};

// Server-sent events, each in a chunk of its own.
class StreamedAnswer final : public ScriptedAnswer {
 public:
  using ScriptedAnswer::ScriptedAnswer;

  Then Produce(std::string& out) override {
    if (!head_sent_) {
      AppendHead(out);
      head_sent_ = true;
      return CutOrMore();
    }
    if (next_piece_ < plan_.pieces) {
      AppendContentEvent(out);
      return CutOrMore();
    }
    AppendEnd(out);
    return Then::kEnd;
  }

 private:
  void AppendHead(std::string& out) {
    absl::StrAppend(
        &out, HttpHead(200, plan_.keep_alive,
                       absl::StrCat("content-type: text/event-stream; "
                                    "charset=utf-8\r\n"
                                    "cache-control: no-cache\r\n"
                                    "x-request-id: demo-",
                                    plan_.number,
                                    "\r\ntransfer-encoding: chunked\r\n")));
    if (plan_.dialect == Dialect::kChat) {
      AppendEvent(Choice("{\"role\":\"assistant\",\"content\":\"\"}", "null"),
                  out);
    }
  }

  void AppendContentEvent(std::string& out) {
    const bool chat = plan_.dialect == Dialect::kChat;
    std::string content = chat ? "{\"content\":\"" : "\"";
    AppendPiece(next_piece_++, content);
    content += chat ? "\"}" : "\"";
    AppendEvent(Choice(content, "null"), out);
  }

  void AppendEnd(std::string& out) {
    AppendEvent(Choice(plan_.dialect == Dialect::kChat ? "{}" : "\"\"",
                       absl::StrCat("\"", finish_reason(), "\"")),
                out);
    if (plan_.include_usage && !plan_.script.omit_usage) {
      std::string event = Opening();
      absl::StrAppend(&event, "\"choices\":[],");
      AppendUsage(plan_.pieces, event);
      event.push_back('}');
      AppendChunk(event, out);
    }
    AppendChunk("[DONE]", out);
    absl::StrAppend(&out, "0\r\n\r\n");
  }

  [[nodiscard]] std::string Choice(absl::string_view content,
                                   absl::string_view reason) const {
    const bool chat = plan_.dialect == Dialect::kChat;
    return absl::StrCat("\"choices\":[{\"index\":0,\"", chat ? "delta" : "text",
                        "\":", content,
                        ",\"logprobs\":null,\"finish_reason\":", reason, "}]");
  }

  [[nodiscard]] std::string Opening() const {
    std::string opening;
    AppendOpening(plan_.dialect == Dialect::kChat ? "chat.completion.chunk"
                                                  : "text_completion",
                  opening);
    return opening;
  }

  void AppendEvent(absl::string_view choices, std::string& out) const {
    std::string event = absl::StrCat(Opening(), choices);
    if (plan_.script.usage_each) {
      event.push_back(',');
      AppendUsage(next_piece_, event);
    } else if (plan_.include_usage) {
      absl::StrAppend(&event, ",\"usage\":null");
    }
    event.push_back('}');
    AppendChunk(event, out);
  }

  static void AppendChunk(absl::string_view data, std::string& out) {
    // "data: " before, two line feeds behind.
    absl::StrAppend(&out, absl::Hex(data.size() + 8), "\r\ndata: ", data,
                    "\n\n\r\n");
  }
};

}  // namespace

void PlanFrom(const ModelRequest& request, AnswerPlan& plan) {
  const uint32_t wanted =
      plan.script.chunks != 0 ? plan.script.chunks : plan.wording.size();
  plan.stopped_early = request.max_tokens != 0 && request.max_tokens < wanted;
  plan.pieces = plan.stopped_early ? request.max_tokens : wanted;
  plan.stream = request.stream;
  plan.include_usage = request.include_usage;
  plan.prompt_tokens = request.prompt_tokens;
  plan.model = request.model;
}

std::unique_ptr<Answer> MakeScriptedAnswer(AnswerPlan plan, Stats& stats) {
  if (plan.stream) {
    return std::make_unique<StreamedAnswer>(std::move(plan), stats);
  }
  return std::make_unique<WholeAnswer>(std::move(plan), stats);
}

}  // namespace holt::demo
