// The answer of the demo's model to one chat or completion request, whole or as
// an event stream, paced and cut as the script says.
#ifndef HOLT_TESTS_DEMO_UPSTREAM_SCRIPTED_ANSWER_H_
#define HOLT_TESTS_DEMO_UPSTREAM_SCRIPTED_ANSWER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "tests/demo_upstream/answer.h"
#include "tests/demo_upstream/model_request.h"
#include "tests/demo_upstream/prose.h"
#include "tests/demo_upstream/script.h"

namespace holt::demo {

// Which API asked: the two differ in the names of a few members.
enum class Dialect { kChat, kCompletion };

// Everything an answer is made of.
struct AnswerPlan {
  Dialect dialect = Dialect::kChat;
  Script script;
  Wording wording;
  uint32_t pieces = 0;         // tokens of the answer
  bool stopped_early = false;  // max_tokens ended it
  bool stream = false;
  bool include_usage = false;
  bool keep_alive = true;
  uint64_t prompt_tokens = 0;
  std::string model;
  uint64_t number = 0;  // of the answer; part of its id
  int64_t created = 0;  // Unix seconds
};

// Fills what follows from the request; the caller has set script, dialect,
// keep_alive, number and created.
void PlanFrom(const ModelRequest& request, AnswerPlan& plan);

// `stats` outlives the answer.
std::unique_ptr<Answer> MakeScriptedAnswer(AnswerPlan plan, Stats& stats);

}  // namespace holt::demo

#endif  // HOLT_TESTS_DEMO_UPSTREAM_SCRIPTED_ANSWER_H_
