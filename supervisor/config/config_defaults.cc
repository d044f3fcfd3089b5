#include "supervisor/config/config_defaults.h"

#include <sched.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace holt::supervisor {
namespace {

using namespace holt::config::v1;  // NOLINT: every message of the schema

constexpr uint32_t kMaxDefaultWorkers = 8;

// The earlier proxy's table, with the embedding model under the name it really
// has.
struct TokenPrice {
  const char* model;
  uint64_t micros_per_million;
};
constexpr TokenPrice kTokenPrices[] = {
    {"gpt-oss-120b", 5'000'000},
    {"llama-3.3-70b", 5'000'000},
    {"gemma-3-27b", 5'000'000},
    {"qwen3-coder-30b-a3b", 5'000'000},
    {"multilingual-e5-large", 130'000},
    {"qwen3-embedding-4b", 130'000},
    {"*", 5'000'000},
};
constexpr char kAudioModel[] = "whisper-large-v3";
constexpr uint64_t kAudioMicrosPerMebibyte = 96'000;

template <typename Message, typename Number>
struct Default {
  Number (Message::*get)() const;
  void (Message::*set)(Number);
  Number value;
};

// For fields whose zero means "the default".
template <typename Message, typename Number, size_t N>
void FillZeros(const Default<Message, Number> (&table)[N], Message& message) {
  for (const auto& row : table) {
    if ((message.*row.get)() == 0) (message.*row.set)(row.value);
  }
}

constexpr Default<Timeouts, uint32_t> kTimeouts[] = {
    {&Timeouts::handshake_ms, &Timeouts::set_handshake_ms, 10'000},
    {&Timeouts::head_ms, &Timeouts::set_head_ms, 10'000},
    {&Timeouts::idle_ms, &Timeouts::set_idle_ms, 75'000},
    {&Timeouts::body_gap_ms, &Timeouts::set_body_gap_ms, 30'000},
    {&Timeouts::write_stall_ms, &Timeouts::set_write_stall_ms, 60'000},
    {&Timeouts::connect_ms, &Timeouts::set_connect_ms, 5'000},
    {&Timeouts::upstream_head_ms, &Timeouts::set_upstream_head_ms, 290'000},
    {&Timeouts::upstream_gap_ms, &Timeouts::set_upstream_gap_ms, 290'000},
    {&Timeouts::drain_ms, &Timeouts::set_drain_ms, 600'000},
};

void FillListener(GatewayConfig& gateway) {
  const bool tls = gateway.tls_identities_size() > 0;
  Listener& listener = *gateway.mutable_listener();
  if (listener.address().empty()) listener.set_address("0.0.0.0");
  if (!listener.has_port()) listener.set_port(8080);
  if (!listener.has_force_https()) listener.set_force_https(tls);
  if (!listener.has_trust_proxy()) listener.set_trust_proxy(false);
  if (listener.max_connections() == 0) listener.set_max_connections(4096);
  if (listener.max_connections_per_address() == 0) {
    listener.set_max_connections_per_address(256);
  }
}

void FillUpstreams(GatewayConfig& gateway) {
  if (gateway.upstreams_size() == 0) {
    gateway.add_upstreams()->set_url("http://localhost:8081");
  }
  for (int i = 0; i < gateway.upstreams_size(); ++i) {
    Upstream& upstream = *gateway.mutable_upstreams(i);
    if (upstream.name().empty()) {
      upstream.set_name(i == 0 ? "upstream" : absl::StrCat("upstream_", i));
    }
    if (upstream.max_connections() == 0) upstream.set_max_connections(256);
  }
}

void FillLimits(Limits& limits) {
  if (!limits.has_global_requests()) limits.set_global_requests(100);
  if (!limits.has_global_window_ms()) limits.set_global_window_ms(60'000);
  if (!limits.has_address_requests()) limits.set_address_requests(1000);
  if (!limits.has_address_window_ms()) limits.set_address_window_ms(60'000);
  if (limits.max_body_bytes() == 0) limits.set_max_body_bytes(32 << 20);
  if (limits.max_concurrent_per_key() == 0) {
    limits.set_max_concurrent_per_key(64);
  }
}

void FillPrices(GatewayConfig& gateway) {
  if (gateway.prices_size() > 0) return;
  for (const TokenPrice& price : kTokenPrices) {
    ModelPrice& made = *gateway.add_prices();
    made.set_model(price.model);
    made.set_prompt_micros_per_million(price.micros_per_million);
    made.set_completion_micros_per_million(price.micros_per_million);
  }
  ModelPrice& audio = *gateway.add_prices();
  audio.set_model(kAudioModel);
  audio.set_audio_micros_per_mebibyte(kAudioMicrosPerMebibyte);
}

void FillProcesses(uint32_t cpus, Processes& processes) {
  if (processes.workers() == 0) {
    processes.set_workers(std::min(std::max(cpus, 1U), kMaxDefaultWorkers));
  }
  if (processes.sandbox_minimum().empty()) {
    processes.set_sandbox_minimum("baseline");
  }
  if (processes.first_uid() == 0) processes.set_first_uid(61'840);
}

}  // namespace

uint32_t UsableCpus() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (::sched_getaffinity(0, sizeof(cpus), &cpus) != 0) return 1;
  return static_cast<uint32_t>(std::max(CPU_COUNT(&cpus), 1));
}

void FillDefaults(uint32_t cpus, GatewayConfig& gateway) {
  FillListener(gateway);
  FillUpstreams(gateway);
  FillLimits(*gateway.mutable_limits());
  FillZeros(kTimeouts, *gateway.mutable_timeouts());
  FillPrices(gateway);
  FillProcesses(cpus, *gateway.mutable_processes());
  if (gateway.keys().max_staleness_ms() == 0) {
    gateway.mutable_keys()->set_max_staleness_ms(300'000);
  }
}

}  // namespace holt::supervisor
