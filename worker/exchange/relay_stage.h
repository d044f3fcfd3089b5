// The stage that brings the upstream's answer to the client while it comes, and
// watches it pass for the usage. Worker; the upstream is hostile: only named
// fields reach the client, framing is made anew, and what is cut stays visibly
// cut.
//
// Three kinds of answers:
//   whole   2xx, any content: bytes go on as they come; usage from a top-level
//           JSON member
//   stream  2xx, text/event-stream: events; usage from the last that has one
//   error   4xx, 5xx: collected (bounded) and given the OpenAI shape if it
//           has none
#ifndef HOLT_WORKER_EXCHANGE_RELAY_STAGE_H_
#define HOLT_WORKER_EXCHANGE_RELAY_STAGE_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "common/base/wiped.h"
#include "worker/exchange/services.h"
#include "worker/http/refusal.h"
#include "worker/http/response_parser.h"
#include "worker/http/response_writer.h"
#include "worker/meter/event_stream.h"
#include "worker/meter/member_watcher.h"

namespace holt::worker {

// The exchange, seen from its relay stage.
class RelayHandler {
 public:
  virtual ~RelayHandler() = default;
  // The context of the response's head, made when it is needed.
  virtual ResponseContext MakeContext() = 0;
  // The client gets this status; called before its head is written.
  virtual void OnAnswerStatus(int status) = 0;
  // What is known of the usage now.
  virtual void OnUsage(const UsageReading& usage, absl::string_view model) = 0;
  // The whole answer was taken. Called before its last byte is written.
  virtual void OnAnswerComplete() = 0;
};

class RelayStage {
 public:
  enum class Result {
    kMore,      // the answer goes on
    kComplete,  // its last byte is in the client's output
    kReplace,   // nothing was written: answer with replacement() instead
    kCut,       // it ended too early, after bytes went out
  };

  struct Request {
    Method method = Method::kGet;
    int minor_version = 1;
    bool remove_usage = false;  // we asked for it, not the client
  };

  RelayStage(Services& services, RelayHandler& handler, const Request& request);

  // Takes all of `input`. `ended`: the upstream closed in order. Writes to
  // `output` without flushing it.
  Result Relay(ChunkBuffer& input, bool ended, ChunkBuffer& output);
  // The rest will not come, or is not HTTP: kReplace or kCut.
  Result Break();

  // After kCut: ends an event stream with an error event, if one may be
  // written, so that no client takes it for whole. False: the connection must
  // be broken off.
  bool EndCutStream(const Refusal& refusal, ChunkBuffer& output);

  // After kReplace.
  [[nodiscard]] const Refusal& replacement() const { return replacement_; }
  // The answer's head has been written.
  [[nodiscard]] bool started() const { return started_; }
  // Only the close of the client's connection ends the answer.
  [[nodiscard]] bool until_close() const {
    return framing_ == BodyFraming::kUntilClose;
  }
  [[nodiscard]] bool is_stream() const { return kind_ == Kind::kStream; }
  // A keep-alive comment may be put in.
  [[nodiscard]] bool at_boundary() const;
  void AppendKeepAlive(ChunkBuffer& output);
  [[nodiscard]] bool upstream_reusable() const { return parser_.reusable(); }

 private:
  enum class Kind { kUnknown, kWhole, kStream, kError };

  Result OnHead(ChunkBuffer& output);
  bool OnBody(absl::Span<const uint8_t> bytes, ChunkBuffer& output);
  Result OnEnd(ChunkBuffer& output);
  Result Replace(const Refusal& refusal);
  Result FinishError(ChunkBuffer& output);
  void WriteAnswerHead(ChunkBuffer& output, BodyFraming framing);
  void AppendBody(absl::Span<const uint8_t> bytes, ChunkBuffer& output);

  Services& services_;
  RelayHandler& handler_;
  const Request request_;
  ResponseParser parser_;
  Kind kind_ = Kind::kUnknown;
  BodyFraming framing_ = BodyFraming::kLength;
  bool started_ = false;
  bool readable_ = true;  // the body is not coded: usage can be read
  std::optional<EventStreamFilter> stream_;
  ChunkBuffer events_;  // what the filter lets through, before it is framed
  MemberWatcher watcher_;
  WipedBytes error_body_;
  bool error_too_long_ = false;  // it is given a neutral body
  Refusal replacement_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_EXCHANGE_RELAY_STAGE_H_
