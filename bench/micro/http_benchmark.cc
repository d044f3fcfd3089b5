// Time per request of what the worker does to bytes: heads, bodies, streams.
#include <string>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "worker/http/json_body.h"
#include "worker/http/request_parser.h"
#include "worker/meter/event_stream.h"
#include "worker/meter/member_watcher.h"

namespace holt::worker {
namespace {

absl::Span<const uint8_t> BytesOf(const std::string& text) {
  return absl::Span<const uint8_t>(
      reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

// As openai-node sends it.
std::string SdkHead() {
  return "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway.example\r\n"
         "connection: keep-alive\r\naccept: application/json\r\n"
         "content-type: application/json\r\nuser-agent: OpenAI/JS 6.49.0\r\n"
         "x-stainless-retry-count: 0\r\nx-stainless-lang: js\r\n"
         "x-stainless-package-version: 6.49.0\r\nx-stainless-os: Linux\r\n"
         "x-stainless-arch: x64\r\nx-stainless-runtime: node\r\n"
         "x-stainless-runtime-version: v20.11.1\r\n"
         "authorization: Bearer "
         "holt_0123456789012345678901234567890123456789\r\n"
         "accept-language: *\r\nsec-fetch-mode: cors\r\n"
         "accept-encoding: gzip, deflate\r\ncontent-length: 0\r\n\r\n";
}

void BM_RequestHead(benchmark::State& state) {
  const std::string head = SdkHead();
  RequestParser parser({});
  for (auto _ : state) {
    benchmark::DoNotOptimize(parser.Next(BytesOf(head)));
    parser.Reset();
  }
  state.SetBytesProcessed(state.iterations() *
                          static_cast<int64_t>(head.size()));
}
BENCHMARK(BM_RequestHead);

void BM_JsonBody(benchmark::State& state) {
  const std::string body = absl::StrCat(
      R"({"model":"m","stream":true,"messages":[{"role":"user","content":")",
      std::string(static_cast<size_t>(state.range(0)), 'a'), R"("}]})");
  BodyControls controls;
  for (auto _ : state) {
    benchmark::DoNotOptimize(ReadJsonBody(BytesOf(body), {}, controls));
  }
  state.SetBytesProcessed(state.iterations() *
                          static_cast<int64_t>(body.size()));
}
BENCHMARK(BM_JsonBody)->Arg(1 << 10)->Arg(1 << 20);

void BM_JsonHundredThousandBrackets(benchmark::State& state) {
  const std::string body(100'000, '[');
  BodyControls controls;
  for (auto _ : state) {
    benchmark::DoNotOptimize(ReadJsonBody(BytesOf(body), {}, controls));
  }
}
BENCHMARK(BM_JsonHundredThousandBrackets);

void BM_MemberWatcher(benchmark::State& state) {
  const std::string answer = absl::StrCat(
      R"({"model":"m","choices":[{"message":{"content":")",
      std::string(8 * 1024, 'a'),
      R"("}}],"usage":{"prompt_tokens":3,"completion_tokens":5}})");
  for (auto _ : state) {
    MemberWatcher watcher;
    watcher.Feed(BytesOf(answer));
    watcher.Finish();
    benchmark::DoNotOptimize(watcher.usage());
  }
  state.SetBytesProcessed(state.iterations() *
                          static_cast<int64_t>(answer.size()));
}
BENCHMARK(BM_MemberWatcher);

// One token's event, the way it goes hundreds of times per answer.
void BM_EventStream(benchmark::State& state) {
  const auto mode = static_cast<EventStreamFilter::Mode>(state.range(0));
  const std::string event =
      R"(data: {"id":"c-1","object":"chat.completion.chunk","created":1,)"
      R"("model":"m","choices":[{"index":0,"delta":{"content":" word"},)"
      R"("finish_reason":null}]})"
      "\n\n";
  BufferPool pool(1 << 20);
  ChunkBuffer out(pool);
  EventStreamFilter filter(mode);
  for (auto _ : state) {
    filter.Feed(BytesOf(event), out);
    out.Clear();
  }
  state.SetBytesProcessed(state.iterations() *
                          static_cast<int64_t>(event.size()));
}
BENCHMARK(BM_EventStream)
    ->Arg(static_cast<int>(EventStreamFilter::Mode::kPass))
    ->Arg(static_cast<int>(EventStreamFilter::Mode::kRemoveUsage));

}  // namespace
}  // namespace holt::worker
