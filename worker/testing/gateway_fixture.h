// A worker without its process: sessions, exchanges, pool and journal on one
// loop, with a client and an upstream that the test plays over socket pairs.
// Tests only.
#ifndef HOLT_WORKER_TESTING_GATEWAY_FIXTURE_H_
#define HOLT_WORKER_TESTING_GATEWAY_FIXTURE_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/base/clock.h"
#include "common/base/unique_fd.h"
#include "common/event/loop.h"
#include "common/ipc/counters.h"
#include "common/ipc/frame_channel.h"
#include "common/ipc/key_table.h"
#include "common/ipc/limiter.h"
#include "common/ipc/usage_journal.h"
#include "common/secret/secret_arena.h"
#include "worker/exchange/client_session.h"

namespace holt::worker {

// One end of a byte stream that the test plays. Reading turns the loop.
class Peer {
 public:
  Peer(Loop& loop, UniqueFd socket)
      : loop_(&loop), socket_(std::move(socket)) {}

  void Send(absl::string_view text);
  // Everything that has come so far is kept in received().
  const std::string& AwaitText(absl::string_view wanted);
  // Until the other side closed; true for an orderly end, false for a reset.
  bool AwaitEnd();
  void Close() { socket_.reset(); }
  void ResetConnection();
  [[nodiscard]] const std::string& received() const { return received_; }
  void Forget() { received_.clear(); }
  // Takes what is there without waiting.
  void Poll();
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  Loop* loop_;
  UniqueFd socket_;
  std::string received_;
  bool ended_ = false;
  bool reset_ = false;
};

class GatewayFixture : public testing::Test {
 protected:
  static constexpr uint32_t kMaxKeys = 64;
  static constexpr uint32_t kJournalCapacity = 64;

  GatewayFixture();
  ~GatewayFixture() override;

  // Limits and times may be changed before the first Connect().
  WorkerSettings& settings() { return settings_; }
  Peer Connect();
  // The next connection the worker has asked the connector for.
  Peer AwaitUpstream();
  [[nodiscard]] int dials() const { return dials_; }
  // The next dial is answered with this status and no socket.
  void FailNextDial(DialStatus status) { next_dial_ = status; }

  // One turn of the loop, and an answer to each dial.
  void Turn();
  void TurnUntil(const std::function<bool()>& done);

  // "POST /v1/chat/completions ..." with the good key and this body.
  static std::string ChatRequest(absl::string_view body);
  // Records of the journal that are closed and not void.
  std::vector<UsageValues> Records();
  [[nodiscard]] uint64_t open_records() { return journal_->open_records(); }
  [[nodiscard]] size_t buffered_bytes() const { return buffers_.used_bytes(); }
  ChildCounters& counters() { return *counters_; }
  void Drain();
  [[nodiscard]] size_t sessions() const { return sessions_->size(); }

  std::unique_ptr<Loop> loop_;

 private:
  void Build();
  void AnswerDials();

  WorkerSettings settings_{};
  BufferPool buffers_{size_t{32} << 20};
  UniqueFd table_;
  UniqueFd limiter_memory_;
  UniqueFd journal_file_;
  std::unique_ptr<SecretArena> arena_;
  std::unique_ptr<ChildCounters> counters_;
  std::optional<KeyTableWriter> key_writer_;
  std::optional<KeyTableReader> keys_;
  std::optional<Limiter> limiter_;
  std::optional<JournalWriter> journal_;
  std::optional<JournalReader> journal_reader_;
  std::unique_ptr<CredentialStore> credentials_;
  std::unique_ptr<ConnectorClient> connector_;
  std::unique_ptr<UpstreamPool> upstreams_;
  std::optional<Admitter> admitter_;
  std::optional<Services> services_;
  std::unique_ptr<SessionTable> sessions_;
  FrameChannel dial_channel_;
  std::vector<UniqueFd> upstream_sockets_;
  std::optional<DialStatus> next_dial_;
  int dials_ = 0;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_TESTING_GATEWAY_FIXTURE_H_
