#include "worker/worker.h"

#include <optional>
#include <string>
#include <utility>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/child/heartbeat.h"
#include "common/child/own_counters.h"
#include "common/event/loop.h"
#include "common/ipc/descriptors.h"
#include "common/ipc/key_table.h"
#include "common/ipc/limiter.h"
#include "common/ipc/settings.h"
#include "common/ipc/usage_journal.h"
#include "worker/admit/admitter.h"
#include "worker/exchange/client_session.h"
#include "worker/exchange/services.h"
#include "worker/net/acceptor.h"
#include "worker/net/connector_client.h"
#include "worker/net/supervisor_client.h"
#include "worker/tls/client_context.h"
#include "worker/tls/server_context.h"
#include "worker/upstream/credential_store.h"
#include "worker/upstream/upstream_pool.h"

namespace holt::worker {
namespace {

constexpr absl::Duration kGaugeInterval = absl::Seconds(1);

constexpr size_t kMaxCertificates = 1024 * 1024;
constexpr size_t kMaxAuthorities = 16 * 1024 * 1024;

bool AnyUpstreamUsesTls(const WorkerSettings& settings) {
  for (uint16_t i = 0; i < settings.upstream_count; ++i) {
    if (settings.upstreams[i].tls != 0) return true;
  }
  return false;
}

}  // namespace

// In the order of construction; destroyed in reverse.
struct Worker::Parts final : SupervisorEvents {
  explicit Parts(SecretArena& arena) : credentials(arena) {}
  // What was left to the end of the turn goes before what it uses.
  ~Parts() override {
    if (acceptor != nullptr) acceptor->Pause();
    sessions.reset();
    if (loop != nullptr) loop->TurnOnce(/*block=*/false);
  }

  WorkerSettings settings{};
  std::unique_ptr<Loop> loop;
  std::optional<OwnCounters> counters;
  std::optional<KeyTableReader> keys;
  std::optional<Limiter> limiter;
  std::optional<JournalWriter> journal;
  std::unique_ptr<BufferPool> buffers;
  CredentialStore credentials;
  std::unique_ptr<SupervisorClient> supervisor;
  std::unique_ptr<ConnectorClient> connector;
  std::unique_ptr<TlsServerContext> tls_server;
  std::unique_ptr<TlsClientContext> tls_client;
  std::unique_ptr<Acceptor> acceptor;  // outlives the sessions' slots
  std::unique_ptr<UpstreamPool> upstreams;
  std::optional<Admitter> admitter;
  std::optional<Services> services;
  std::unique_ptr<SessionTable> sessions;
  std::optional<Heartbeat> heartbeat;
  std::optional<Timer> gauges;
  std::optional<Timer> drain_deadline;
  bool has_ticket_keys = false;
  uint32_t credentials_missing = 0;  // asked for, not answered yet
  bool supervisor_lost = false;

  absl::Status MapSharedMemory();
  absl::Status MakeClients();
  absl::Status MakeTls();
  void Assemble();
  void AskForSecrets();
  void AcceptWhenComplete();
  void Accept(AcceptedConnection accepted);
  void ShowGauges();

  void OnTicketKeys(const TicketKeysReply& reply) override;
  void OnCredential(const CredentialReply& credential) override;
  void OnIntroduce(const Introduce& introduce, UniqueFd fd) override;
  void OnDrain(const Drain& drain) override;
  void OnSupervisorLost() override;
};

absl::Status Worker::Parts::MapSharedMemory() {
  ASSIGN_OR_RETURN(settings, ReadSettingsFile<WorkerSettings>(kSettingsFd));
  ASSIGN_OR_RETURN(loop, Loop::Create());
  ASSIGN_OR_RETURN(counters, OwnCounters::Map());
  ASSIGN_OR_RETURN(keys,
                   KeyTableReader::Open(kWorkerKeyTableFd, kDefaultMaxKeys));
  ASSIGN_OR_RETURN(limiter, Limiter::Open(kWorkerLimiterFd, kDefaultMaxKeys));
  ASSIGN_OR_RETURN(journal, JournalWriter::Open(kWorkerJournalFd));
  if (settings.upstream_count > kMaxUpstreams) {
    return absl::FailedPreconditionError("too many upstreams in the settings");
  }
  return absl::OkStatus();
}

absl::Status Worker::Parts::MakeClients() {
  buffers = std::make_unique<BufferPool>(settings.max_buffered_per_worker);
  supervisor = std::make_unique<SupervisorClient>(
      *loop, UniqueFd(kSupervisorChannelFd), *this);
  // The connector has its own time for a dial; ours is a little longer, so that
  // its answer comes first.
  connector = std::make_unique<ConnectorClient>(
      *loop, absl::Milliseconds(settings.connect_timeout) + absl::Seconds(1));
  return MakeTls();
}

absl::Status Worker::Parts::MakeTls() {
  if (settings.tls != 0) {
    ASSIGN_OR_RETURN(const std::string chains,
                     ReadSealedFile(kWorkerCertificatesFd, kMaxCertificates));
    ASSIGN_OR_RETURN(tls_server,
                     TlsServerContext::Create(settings, chains, *supervisor));
  }
  if (AnyUpstreamUsesTls(settings)) {
    ASSIGN_OR_RETURN(const std::string authorities,
                     ReadSealedFile(kWorkerAuthoritiesFd, kMaxAuthorities));
    ASSIGN_OR_RETURN(tls_client, TlsClientContext::Create(authorities));
  }
  return absl::OkStatus();
}

void Worker::Parts::Assemble() {
  upstreams = std::make_unique<UpstreamPool>(UpstreamPool::Services{
      *loop, *buffers, *connector, tls_client.get(), settings, **counters});
  admitter.emplace(*keys, *limiter, settings, Clock::Real());
  services.emplace(Services{*loop, *buffers, settings, Clock::Real(), *admitter,
                            *upstreams, credentials, *journal, **counters});
  sessions = std::make_unique<SessionTable>(*services);
  sessions->set_on_empty([this] {
    if (services->draining) loop->Stop();
  });
  heartbeat.emplace(*loop, *counters);
  gauges.emplace(*loop, [this] { ShowGauges(); });
  drain_deadline.emplace(*loop, [this] { loop->Stop(); });
  ShowGauges();
}

// What a first request needs and only the supervisor has.
void Worker::Parts::AskForSecrets() {
  has_ticket_keys = tls_server == nullptr;
  if (!has_ticket_keys) supervisor->RequestTicketKeys();
  for (uint16_t i = 0; i < settings.upstream_count; ++i) {
    if (settings.upstreams[i].has_credential == 0) continue;
    ++credentials_missing;
    supervisor->RequestCredential(i);
  }
  AcceptWhenComplete();
}

void Worker::Parts::AcceptWhenComplete() {
  if (acceptor != nullptr || !has_ticket_keys || credentials_missing != 0) {
    return;
  }
  AcceptorOptions options;
  options.max_connections = settings.max_connections;
  options.max_connections_per_address = settings.max_connections_per_address;
  acceptor = std::make_unique<Acceptor>(
      *loop, kWorkerListenerFd, options,
      [this](AcceptedConnection accepted) { Accept(std::move(accepted)); });
  supervisor->SendReady();
}

void Worker::Parts::Accept(AcceptedConnection accepted) {
  Count((*counters)->connections_accepted);
  std::unique_ptr<Transport> transport;
  if (tls_server != nullptr) {
    absl::StatusOr<std::unique_ptr<Transport>> secured =
        tls_server->MakeTransport(std::move(accepted.socket));
    if (!secured.ok()) return;
    transport = *std::move(secured);
  } else {
    transport = std::make_unique<PlainTransport>(std::move(accepted.socket));
  }
  sessions->Open(std::move(transport), accepted.peer, std::move(accepted.slot));
}

void Worker::Parts::ShowGauges() {
  ChildCounters& page = **counters;
  const auto show = [](std::atomic<uint64_t>& counter, uint64_t value) {
    counter.store(value, std::memory_order_relaxed);
  };
  show(page.connections_open, sessions->size());
  show(page.buffered_bytes, buffers->used_bytes());
  if (tls_server != nullptr) {
    const TlsServerStatistics& tls = tls_server->statistics();
    show(page.handshakes_completed, tls.completed);
    show(page.handshakes_resumed, tls.resumed);
    show(page.handshakes_failed, tls.failed);
  }
  gauges->Start(kGaugeInterval);
}

void Worker::Parts::OnTicketKeys(const TicketKeysReply& reply) {
  if (tls_server != nullptr) tls_server->SetTicketKeys(reply);
  has_ticket_keys = true;
  AcceptWhenComplete();
}

void Worker::Parts::OnCredential(const CredentialReply& credential) {
  if (credential.upstream < settings.upstream_count &&
      credential.status == ReplyStatus::kOk) {
    credentials.Set(
        credential.upstream,
        absl::MakeConstSpan(credential.bytes).first(credential.size));
  }
  if (credentials_missing > 0) --credentials_missing;
  AcceptWhenComplete();
}

void Worker::Parts::OnIntroduce(const Introduce& introduce, UniqueFd fd) {
  if (introduce.what == Introduction::kConnectorChannel) {
    connector->SetChannel(std::move(fd));
  }
}

void Worker::Parts::OnDrain(const Drain& drain) {
  if (sessions == nullptr) return;
  services->draining = true;
  if (acceptor != nullptr) acceptor->Pause();
  drain_deadline->Start(absl::Milliseconds(drain.deadline_millis));
  sessions->DrainAll();
  if (sessions->size() == 0) loop->Stop();
}

void Worker::Parts::OnSupervisorLost() {
  supervisor_lost = true;
  loop->Stop();
}

absl::StatusOr<std::unique_ptr<SecretArena>> Worker::MakeArena() {
  SecretArena::Options options;
  options.size = kWorkerArenaSize;
  return SecretArena::Create(options);
}

absl::StatusOr<std::unique_ptr<Worker>> Worker::Create(SecretArena& arena) {
  auto parts = std::make_unique<Parts>(arena);
  RETURN_IF_ERROR(parts->MapSharedMemory());
  RETURN_IF_ERROR(parts->MakeClients());
  parts->Assemble();
  parts->AskForSecrets();
  return std::unique_ptr<Worker>(new Worker(std::move(parts)));
}

Worker::Worker(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Worker::~Worker() = default;

void Worker::Run() { parts_->loop->Run(); }

}  // namespace holt::worker
