#include "worker/meter/event_stream.h"

#include "absl/strings/strip.h"
#include "worker/http/json_members.h"
#include "worker/http/response_writer.h"

namespace holt::worker {

// What an event's JSON has of ours.
struct ChunkFacts {
  bool is_object = false;
  bool has_usage = false;
  bool has_error = false;
  bool choices_empty = false;
  int usages = 0;
  ByteRange usage;
  ByteRange response;  // of the Responses API: the usage is in it
  ByteRange model;
};

namespace {

absl::string_view TextOf(absl::Span<const uint8_t> bytes) {
  return absl::string_view(reinterpret_cast<const char*>(bytes.data()),
                           bytes.size());
}

absl::Span<const uint8_t> BytesOf(absl::string_view text) {
  return absl::Span<const uint8_t>(
      reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

// Takes the next line off an event, without its end.
bool NextLine(absl::string_view& event, absl::string_view& line) {
  if (event.empty()) return false;
  const size_t end = event.find_first_of("\r\n");
  line = event.substr(0, end);
  if (end == absl::string_view::npos) {
    event = {};
    return true;
  }
  const bool both = event.substr(end, 2) == "\r\n";
  event.remove_prefix(end + (both ? 2 : 1));
  return true;
}

// The value of a `data` line; false for every other line.
bool DataOf(absl::string_view line, absl::string_view& data) {
  if (line.substr(0, 5) != "data:") return false;
  data = line.substr(5);
  if (!data.empty() && data.front() == ' ') data.remove_prefix(1);
  return true;
}

// The byte search that comes before any parsing. It decides nothing: content
// can hold the word, and then the parser finds no such member. A key that is
// written with escapes does not concern us, since then our upstream is not the
// one that was asked for usage.
bool Mentions(absl::string_view payload, absl::string_view quoted_key) {
  return payload.find(quoted_key) != absl::string_view::npos;
}

bool IsEmptyArray(absl::string_view value) {
  return value.front() == '[' &&
         value.find_first_not_of(" \t\r\n", 1) == value.size() - 1;
}

ChunkFacts ReadChunk(absl::Span<const uint8_t> payload) {
  ChunkFacts facts;
  JsonMembers members(payload);
  JsonMember member;
  while (members.Next(member)) {
    if (members.KeyIs(member, "usage")) {
      facts.usage = member.value;
      ++facts.usages;
    } else if (members.KeyIs(member, "choices")) {
      facts.choices_empty = IsEmptyArray(members.Text(member.value));
    } else if (members.KeyIs(member, "error")) {
      facts.has_error = true;
    } else if (members.KeyIs(member, "response")) {
      facts.response = member.value;
    } else if (members.KeyIs(member, "model") &&
               members.IsString(member.value)) {
      facts.model = member.value;
    }
  }
  facts.is_object = members.outcome() == JsonMembers::Outcome::kObject;
  return facts;
}

// The usage of one event, where it has one.
UsageReading ReadUsage(absl::Span<const uint8_t> payload,
                       const ChunkFacts& facts) {
  if (facts.usages > 1) return {UsageState::kUnreadable, {}};
  if (facts.usages == 1) {
    return ParseUsage(payload.subspan(facts.usage.begin, facts.usage.size()));
  }
  if (facts.response.empty()) return {};
  const auto response =
      payload.subspan(facts.response.begin, facts.response.size());
  const ChunkFacts inner = ReadChunk(response);
  return inner.is_object ? ReadUsage(response, inner) : UsageReading();
}

// The chunk that only include_usage brings. One with "usage":null is another
// (a filter's verdict, say), and an error is the client's whatever is with it.
bool IsUsageOnly(absl::string_view payload, const ChunkFacts& facts) {
  return facts.choices_empty && !facts.has_error &&
         payload.substr(facts.usage.begin, facts.usage.size()) != "null";
}

// Appends `payload` without its top-level `usage` members; every other byte
// stays. A cut takes the comma before the member with it, or, where nothing
// comes before, the one after.
void AppendWithoutUsage(absl::Span<const uint8_t> payload, ChunkBuffer& out) {
  JsonMembers members(payload);
  JsonMember member;
  size_t copied = 0;
  size_t kept_end = 0;      // end of the last member that stays
  bool cut_before = false;  // a first member was cut: its comma must go
  const auto flush = [&](size_t end) {
    if (copied < end) out.Append(payload.subspan(copied, end - copied));
  };
  while (members.Next(member)) {
    if (!members.KeyIs(member, "usage")) {
      if (cut_before) copied = member.key.begin;
      cut_before = false;
      kept_end = member.value.end;
      continue;
    }
    cut_before = kept_end == 0;
    if (!cut_before) flush(kept_end);
    if (cut_before && copied == 0) flush(member.key.begin);
    copied = member.value.end;
  }
  flush(payload.size());
}

}  // namespace

bool EventStreamFilter::Feed(absl::Span<const uint8_t> bytes,
                             ChunkBuffer& out) {
  while (!bytes.empty() && !too_long_) {
    // The LF of a CRLF whose CR already ended an event belongs to that event.
    if (after_end_cr_ && bytes.front() == '\n') {
      after_end_cr_ = false;
      if (!last_dropped_) out.Append(bytes.first(1));
      bytes.remove_prefix(1);
      continue;
    }
    after_end_cr_ = false;
    bool complete = false;
    const size_t size = ScanEvent(bytes, complete);
    TakeBytes(bytes.first(size), complete, out);
    bytes.remove_prefix(size);
  }
  return !too_long_;
}

bool EventStreamFilter::Finish(ChunkBuffer& out) {
  if (too_long_) return false;
  if (held_.empty()) return true;
  // Clients take a last event without its blank line, if it is whole; a torn
  // one is kept from them where it still can be.
  last_whole_ = false;
  const Verdict verdict = Inspect(held_.span(), Place::kAtEnd, out);
  const bool whole = last_whole_;
  if (verdict == Verdict::kPass && whole && mode_ == Mode::kRemoveUsage) {
    out.Append(held_.span());
    out.Append("\n\n");
  }
  held_.Clear();
  return whole || done_seen_;
}

absl::string_view EventStreamFilter::model() const { return model_.view(); }

// How many of `bytes` belong to the event under way; `complete` when they end
// it, with the blank line.
size_t EventStreamFilter::ScanEvent(absl::Span<const uint8_t> bytes,
                                    bool& complete) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    const uint8_t byte = bytes[i];
    const bool second_half = after_cr_ && byte == '\n';
    after_cr_ = byte == '\r';
    if (second_half) continue;
    if (byte != '\r' && byte != '\n') {
      line_empty_ = false;
      continue;
    }
    if (!line_empty_) {
      line_empty_ = true;
      continue;
    }
    complete = true;
    const bool with_lf =
        byte == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n';
    after_end_cr_ = byte == '\r' && i + 1 == bytes.size();
    after_cr_ = false;
    return i + (with_lf ? 2 : 1);
  }
  return bytes.size();
}

void EventStreamFilter::TakeBytes(absl::Span<const uint8_t> bytes,
                                  bool complete, ChunkBuffer& out) {
  if (held_.size() + bytes.size() > kMaxEventSize) {
    too_long_ = true;
    held_.Clear();
    usage_ = {UsageState::kUnreadable, {}};
    return;
  }
  if (mode_ == Mode::kPass) {
    out.Append(bytes);
    at_boundary_ = complete;
  }
  if (!complete) {
    held_.Append(bytes);
    return;
  }
  if (held_.empty()) return TakeEvent(bytes, out);
  held_.Append(bytes);
  TakeEvent(held_.span(), out);
  held_.Clear();
}

void EventStreamFilter::TakeEvent(absl::Span<const uint8_t> event,
                                  ChunkBuffer& out) {
  const Verdict verdict = Inspect(event, Place::kInStream, out);
  last_dropped_ = verdict != Verdict::kPass;
  if (verdict == Verdict::kPass && mode_ == Mode::kRemoveUsage) {
    out.Append(event);
  }
}

// What becomes of an event, after reading from it what there is to read.
// kRewritten: its new form is in `out` already.
EventStreamFilter::Verdict EventStreamFilter::Inspect(
    absl::Span<const uint8_t> event, Place place, ChunkBuffer& out) {
  absl::string_view rest = TextOf(event);
  if (first_event_) {
    first_event_ = false;
    absl::ConsumePrefix(&rest, "\xef\xbb\xbf");
  }
  absl::string_view line;
  absl::string_view payload;
  int data_lines = 0;
  payload_.Clear();
  while (NextLine(rest, line)) {
    absl::string_view data;
    if (!DataOf(line, data)) continue;
    if (++data_lines == 1) {
      payload = data;
      continue;
    }
    // Lines of one event are joined by a line end, which in JSON is as good as
    // a blank; with a blank the result is one line.
    if (data_lines == 2) payload_.Append(payload);
    payload_.Append(" ");
    payload_.Append(data);
  }
  if (data_lines == 0) return Verdict::kPass;
  ++events_;
  if (data_lines > 1) payload = payload_.view();
  return InspectPayload(payload, place, out);
}

EventStreamFilter::Verdict EventStreamFilter::InspectPayload(
    absl::string_view payload, Place place, ChunkBuffer& out) {
  if (payload == "[DONE]") {
    done_seen_ = true;
    last_whole_ = true;
    return Verdict::kPass;
  }
  const bool may_have_usage = Mentions(payload, "\"usage\"");
  const bool want_model = model_.empty() && Mentions(payload, "\"model\"");
  if (!may_have_usage && !want_model && place != Place::kAtEnd)
    return Verdict::kPass;
  const ChunkFacts facts = ReadChunk(BytesOf(payload));
  last_whole_ = facts.is_object;
  if (!facts.is_object) return Verdict::kPass;
  TakeModel(payload, facts);
  const UsageReading reading = ReadUsage(BytesOf(payload), facts);
  if (reading.state != UsageState::kNone && !done_seen_) usage_ = reading;
  if (mode_ == Mode::kPass || facts.usages == 0) return Verdict::kPass;
  if (IsUsageOnly(payload, facts)) return Verdict::kDrop;
  out.Append("data: ");
  AppendWithoutUsage(BytesOf(payload), out);
  out.Append("\n\n");
  return Verdict::kRewritten;
}

void EventStreamFilter::TakeModel(absl::string_view payload,
                                  const ChunkFacts& facts) {
  if (!model_.empty() || facts.model.size() <= 2 ||
      facts.model.size() > kMaxModelSize + 2) {
    return;
  }
  const absl::string_view name =
      payload.substr(facts.model.begin + 1, facts.model.size() - 2);
  if (name.find('\\') == absl::string_view::npos) model_.Append(name);
}

void AppendErrorEvent(ChunkBuffer& out, const Refusal& refusal,
                      bool at_boundary) {
  // Two, since the cut may be right after a CR.
  if (!at_boundary) out.Append("\n\n");
  out.Append("data: ");
  AppendErrorObject(out, refusal);
  out.Append("\n\ndata: [DONE]\n\n");
}

void AppendKeepAliveComment(ChunkBuffer& out) {
  out.Append(": keep-alive\n\n");
}

}  // namespace holt::worker
