// The upstream's server-sent events on their way to the client: passes them on,
// reads the usage in them, and takes out what the client did not ask for.
// Worker; the stream is hostile and secret. LF, CRLF and CR end lines. What is
// buffered (an unfinished event, at most 1 MiB) is wiped.
//
// Modes:
//   kPass         every byte goes on at once, untouched; events are only read.
//   kRemoveUsage  we asked for the usage, not the client: events go on as soon
//                 as they are complete; the usage-only chunk ("choices":[]) is
//                 dropped and a `usage` member of other chunks is cut out.
#ifndef HOLT_WORKER_METER_EVENT_STREAM_H_
#define HOLT_WORKER_METER_EVENT_STREAM_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/base/wiped.h"
#include "worker/http/refusal.h"
#include "worker/meter/usage.h"
#include "worker/net/buffer.h"

namespace holt::worker {

struct ChunkFacts;

class EventStreamFilter {
 public:
  enum class Mode : uint8_t { kPass, kRemoveUsage };
  static constexpr size_t kMaxEventSize = 1024 * 1024;
  // A longer model name is ignored.
  static constexpr size_t kMaxModelSize = 256;

  explicit EventStreamFilter(Mode mode) : mode_(mode) {}

  // Takes the next bytes of the stream and appends what the client gets to
  // `out`. False: an event is longer than kMaxEventSize; nothing more is taken
  // or written, the usage is unreadable, the stream is to be ended with an
  // error.
  bool Feed(absl::Span<const uint8_t> bytes, ChunkBuffer& out);

  // The upstream's stream ended. True when it ended well: after a whole event
  // (its blank line may be missing) or with [DONE] seen. In mode kRemoveUsage a
  // torn last event does not reach the client.
  bool Finish(ChunkBuffer& out);

  // The last usage before [DONE].
  [[nodiscard]] const UsageReading& usage() const { return usage_; }
  // Named by the first event that has one; empty when none.
  [[nodiscard]] absl::string_view model() const;
  [[nodiscard]] bool done_seen() const { return done_seen_; }
  // The client stands between two events: bytes of ours (keep-alive comments,
  // an error event) may be put in.
  [[nodiscard]] bool at_boundary() const { return at_boundary_; }
  // Complete events that were passed on.
  [[nodiscard]] uint64_t events() const { return events_; }

 private:
  // What one complete event is, once looked at.
  enum class Verdict : uint8_t { kPass, kDrop, kRewritten };

  enum class Place : uint8_t { kInStream, kAtEnd };

  size_t ScanEvent(absl::Span<const uint8_t> bytes, bool& complete);
  void TakeBytes(absl::Span<const uint8_t> bytes, bool complete,
                 ChunkBuffer& out);
  void TakeEvent(absl::Span<const uint8_t> event, ChunkBuffer& out);
  Verdict Inspect(absl::Span<const uint8_t> event, Place place,
                  ChunkBuffer& out);
  Verdict InspectPayload(absl::string_view payload, Place place,
                         ChunkBuffer& out);
  void TakeModel(absl::string_view payload, const ChunkFacts& facts);

  const Mode mode_;
  WipedBytes held_;     // the event under way
  WipedBytes payload_;  // data of an event that has it in several lines
  WipedBytes model_;
  UsageReading usage_;
  uint64_t events_ = 0;
  bool line_empty_ = true;     // nothing on the line under way yet
  bool after_cr_ = false;      // the last byte was a CR inside an event
  bool after_end_cr_ = false;  // ... and was an event's last
  bool last_dropped_ = false;  // the last event did not go on as it was
  bool last_whole_ = false;    // it was [DONE] or one JSON object
  bool at_boundary_ = true;
  bool first_event_ = true;
  bool done_seen_ = false;
  bool too_long_ = false;
};

// Ends a client's stream after a failure: `data: {"error":...}`, then
// `data: [DONE]`. With `at_boundary` false two line ends go first, so that the
// torn event cannot swallow the error.
void AppendErrorEvent(ChunkBuffer& out, const Refusal& refusal,
                      bool at_boundary);
// A comment that keeps intermediaries from closing a quiet stream; only at a
// boundary.
void AppendKeepAliveComment(ChunkBuffer& out);

}  // namespace holt::worker

#endif  // HOLT_WORKER_METER_EVENT_STREAM_H_
