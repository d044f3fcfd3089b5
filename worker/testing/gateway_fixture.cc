#include "worker/testing/gateway_fixture.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "worker/admit/presented_key.h"

namespace holt::worker {
namespace {

std::pair<UniqueFd, UniqueFd> TcpPair() {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(listener.get(), generic, size), 0);
  EXPECT_EQ(::listen(listener.get(), 1), 0);
  EXPECT_EQ(::getsockname(listener.get(), generic, &size), 0);
  UniqueFd near(::socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_EQ(::connect(near.get(), generic, size), 0);
  UniqueFd far(::accept(listener.get(), nullptr, nullptr));
  ::fcntl(near.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(far.get(), F_SETFL, O_NONBLOCK);
  return {std::move(near), std::move(far)};
}

}  // namespace

void Peer::Send(absl::string_view text) {
  while (!text.empty()) {
    const ssize_t sent =
        ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) {
      loop_->TurnOnce(/*block=*/false);
      continue;
    }
    ASSERT_GT(sent, 0);
    text.remove_prefix(static_cast<size_t>(sent));
  }
}

void Peer::Poll() {
  char bytes[65536];
  while (!ended_) {
    const ssize_t got = ::recv(socket_.get(), bytes, sizeof(bytes), 0);
    if (got > 0) {
      received_.append(bytes, static_cast<size_t>(got));
      continue;
    }
    if (got < 0 && errno == EAGAIN) return;
    ended_ = true;
    reset_ = got < 0;
  }
}

const std::string& Peer::AwaitText(absl::string_view wanted) {
  while (!absl::StrContains(received_, wanted)) {
    Poll();
    if (absl::StrContains(received_, wanted)) break;
    if (ended_) {
      ADD_FAILURE() << "closed before \"" << wanted << "\" came: " << received_;
      break;
    }
    loop_->TurnOnce(/*block=*/false);
  }
  return received_;
}

bool Peer::AwaitEnd() {
  while (!ended_) {
    loop_->TurnOnce(/*block=*/false);
    Poll();
  }
  return !reset_;
}

void Peer::ResetConnection() {
  const linger now{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  socket_.reset();
}

GatewayFixture::GatewayFixture() : loop_(*Loop::Create()) {
  settings_.max_request_line = 8 * 1024;
  settings_.max_field_size = 8 * 1024;
  settings_.max_head_size = 32 * 1024;
  settings_.max_field_count = 100;
  settings_.max_requests_per_connection = 1000;
  settings_.max_body_size = 1024 * 1024;
  settings_.max_buffered_per_exchange = 256 * 1024;
  settings_.max_concurrent_per_key = 64;
  settings_.handshake_timeout = settings_.head_timeout = 10'000;
  settings_.idle_timeout = 75'000;
  settings_.body_gap_timeout = 30'000;
  settings_.write_stall_timeout = 60'000;
  settings_.connect_timeout = 5'000;
  settings_.upstream_head_timeout = 290'000;
  settings_.upstream_gap_timeout = 290'000;
  settings_.upstream_idle_timeout = 30'000;
  settings_.keep_alive_comment = 15'000;
  settings_.connection_max_age = 3'600'000;
  settings_.upstream_count = 1;
  EXPECT_TRUE(SetText(settings_.upstreams[0].authority, "upstream:1").ok());
  settings_.upstreams[0].has_credential = 1;
  settings_.upstreams[0].max_connections = 16;
}

GatewayFixture::~GatewayFixture() {
  sessions_.reset();
  // What was left to the end of the turn goes before what it uses.
  loop_->TurnOnce(/*block=*/false);
}

void GatewayFixture::Build() {
  table_ = *MakeSharedMemory("keys", KeyTableSize(kMaxKeys));
  limiter_memory_ = *MakeSharedMemory("limiter", LimiterSize(kMaxKeys));
  journal_file_ = UniqueFd(::memfd_create("journal", MFD_CLOEXEC));
  ASSERT_TRUE(PrepareJournalFile(journal_file_.get(), kJournalCapacity).ok());
  key_writer_.emplace(*KeyTableWriter::Open(table_.get(), kMaxKeys));
  keys_.emplace(*KeyTableReader::Open(table_.get(), kMaxKeys));
  limiter_.emplace(*Limiter::Open(limiter_memory_.get(), kMaxKeys));
  journal_.emplace(*JournalWriter::Open(journal_file_.get()));
  journal_reader_.emplace(*JournalReader::Open(journal_file_.get()));
  SharedSettings shared{};
  shared.global_window_ms = shared.address_window_ms = 60'000;
  shared.max_staleness_ms = 3'600'000;
  key_writer_->SetSettings(shared);
  KeyPolicy policy{};
  policy.key_number = 7;
  policy.state = KeyState::kActive;
  ASSERT_TRUE(key_writer_->Put(DigestOf("good"), policy).ok());
  ASSERT_TRUE(key_writer_->Confirm(1, Clock::Real().BootNanos()).ok());
  counters_ = std::make_unique<ChildCounters>();
  SecretArena::Options options;
  options.size = 64 * 1024;
  arena_ = *SecretArena::Create(options);
  credentials_ = std::make_unique<CredentialStore>(*arena_);
  const absl::string_view credential = "upstream-credential";
  credentials_->Set(0, absl::MakeConstSpan(
                           reinterpret_cast<const uint8_t*>(credential.data()),
                           credential.size()));
  connector_ = std::make_unique<ConnectorClient>(*loop_, absl::Seconds(6));
  auto pair = *FrameChannel::MakePair();
  connector_->SetChannel(std::move(pair.first));
  dial_channel_ = FrameChannel(std::move(pair.second));
  upstreams_ = std::make_unique<UpstreamPool>(UpstreamPool::Services{
      *loop_, buffers_, *connector_, nullptr, settings_, *counters_});
  admitter_.emplace(*keys_, *limiter_, settings_, Clock::Real());
  services_.emplace(Services{*loop_, buffers_, settings_, Clock::Real(),
                             *admitter_, *upstreams_, *credentials_, *journal_,
                             *counters_});
  sessions_ = std::make_unique<SessionTable>(*services_);
}

Peer GatewayFixture::Connect() {
  if (sessions_ == nullptr) Build();
  auto pair = TcpPair();
  sessions_->Open(std::make_unique<PlainTransport>(std::move(pair.second)),
                  PeerAddress(), ConnectionSlot());
  return {*loop_, std::move(pair.first)};
}

void GatewayFixture::AnswerDials() {
  while (true) {
    ReceivedFrame frame;
    if (!dial_channel_.Receive(frame).ok()) return;
    ++dials_;
    const uint64_t id = DecodeFrameHeader(frame.bytes())->id;
    DialReply reply;
    if (next_dial_.has_value()) {
      reply.status = *next_dial_;
      next_dial_.reset();
      ASSERT_TRUE(dial_channel_.SendMessage(id, reply).ok());
      continue;
    }
    auto pair = TcpPair();
    ASSERT_TRUE(dial_channel_.SendMessage(id, reply, pair.first.get()).ok());
    upstream_sockets_.push_back(std::move(pair.second));
  }
}

void GatewayFixture::Turn() {
  AnswerDials();
  loop_->TurnOnce(/*block=*/false);
}

void GatewayFixture::TurnUntil(const std::function<bool()>& done) {
  while (!done()) Turn();
}

Peer GatewayFixture::AwaitUpstream() {
  TurnUntil([this] { return !upstream_sockets_.empty(); });
  UniqueFd socket = std::move(upstream_sockets_.front());
  upstream_sockets_.erase(upstream_sockets_.begin());
  return {*loop_, std::move(socket)};
}

std::string GatewayFixture::ChatRequest(absl::string_view body) {
  return absl::StrCat(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: holt\r\n"
      "Authorization: Bearer good\r\nContent-Type: application/json\r\n"
      "Content-Length: ",
      body.size(), "\r\n\r\n", body);
}

std::vector<UsageValues> GatewayFixture::Records() {
  std::vector<UsageValues> records;
  for (uint64_t sequence = 0;; ++sequence) {
    JournalReader::Record record;
    const auto result = journal_reader_->Read(sequence, record);
    if (result == JournalReader::ReadResult::kEnd) return records;
    if (result == JournalReader::ReadResult::kRecord && !record.is_void) {
      records.push_back(record.values);
    }
  }
}

void GatewayFixture::Drain() {
  services_->draining = true;
  sessions_->DrainAll();
}

}  // namespace holt::worker
