// One request's life, in stages: admit, forward, relay, meter. Worker. Knows
// HTTP by the parsed head and the writers, TLS and sockets not at all; the
// client's connection is reached through ExchangeClient.
//
//   kAdmitting --OnHead--> kReadingBody --OnBodyEnd--> kForwarding
//       |                      |                          |
//       | (answered here)      | (refused)                | answer's head
//       v                      v                          v
//     kDone <------------------+--------------------- kRelaying
//
// Whoever owns it deletes it by Loop::DeferDelete after OnExchangeDone, never
// inside a callback.
#ifndef HOLT_WORKER_EXCHANGE_EXCHANGE_H_
#define HOLT_WORKER_EXCHANGE_EXCHANGE_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/base/wiped.h"
#include "common/event/loop.h"
#include "worker/admit/admitter.h"
#include "worker/exchange/forward_stage.h"
#include "worker/exchange/meter_stage.h"
#include "worker/exchange/relay_stage.h"
#include "worker/exchange/request_id.h"
#include "worker/exchange/router.h"
#include "worker/exchange/services.h"
#include "worker/http/json_body.h"

namespace holt::worker {

// How an exchange left the client's connection.
enum class ExchangeEnd {
  kKeepAlive,  // whole answer written: the next request may come
  kClose,      // whole answer written: the connection ends with it
  kBreak,      // the answer is cut: break the connection visibly
};

// The client's connection, seen from an exchange.
class ExchangeClient {
 public:
  virtual ~ExchangeClient() = default;
  virtual ChunkBuffer& output() = 0;
  virtual void Flush() = 0;
  [[nodiscard]] virtual bool output_above_high() const = 0;
  // The exchange is over; its last bytes are flushed or in the output.
  virtual void OnExchangeDone(ExchangeEnd end) = 0;
};

class Exchange final : public Deletable,
                       private ForwardHandler,
                       private RelayHandler {
 public:
  struct Origin {
    Admitter::Origin admission;
    bool may_keep_alive = true;  // the connection has requests left
  };

  // `head` is the client's and stays valid until OnExchangeDone.
  Exchange(Services& services, ExchangeClient& client, const RequestHead& head,
           const Origin& origin);
  ~Exchange() override;

  // First of all, once. False: it was answered from the head alone, and the
  // exchange is done (OnExchangeDone was called).
  bool OnHead();
  // A piece of the body. False: refused, done.
  bool OnBody(absl::Span<const uint8_t> bytes);
  // The request is whole.
  void OnBodyEnd();
  // The rest of the request turned out to be malformed.
  void OnBadRequest(const Refusal& refusal);
  // The client's output fell below its low mark.
  void OnClientDrained();
  // The client went away: the upstream is stopped at once.
  void OnClientGone();

  [[nodiscard]] bool done() const { return state_ == State::kDone; }

 private:
  enum class State { kAdmitting, kReadingBody, kForwarding, kRelaying, kDone };

  // Admit.
  bool Route();
  bool Admit();
  bool CheckBodyHead();
  void AnswerHealth();
  void AnswerKeyInfo();
  // Forward.
  void Forward();
  bool ReadControls(BodyPieces& pieces);
  void OnForwardFailed(const absl::Status& status) override;
  void OnResponseBytes(ChunkBuffer& input, ResponseEnd end) override;
  // Relay.
  ResponseContext MakeContext() override;
  void OnAnswerStatus(int status) override;
  void OnUsage(const UsageReading& usage, absl::string_view model) override;
  void OnAnswerComplete() override;
  void OnCut(const Refusal& why);
  void OnNoMemory();
  void OnSilence();
  void StartSilenceTimer();
  // Ends.
  void Refuse(const Refusal& refusal, absl::string_view allow = {});
  void CloseRecord(UsageOutcome outcome);
  void Finish(ExchangeEnd end);
  [[nodiscard]] bool BodyIsUnread() const;
  [[nodiscard]] bool KeepsAlive() const;

  Services& services_;
  ExchangeClient& client_;
  const RequestHead& head_;
  const Origin origin_;
  const RequestId id_;
  const int64_t start_nanos_;
  State state_ = State::kAdmitting;
  const holt::worker::Route* route_ = nullptr;
  KeyPolicy key_{};
  ConcurrencySlot slot_;
  RateHeaders rate_;
  WipedBytes body_;
  uint64_t body_received_ = 0;
  BodyControls controls_;
  MeterStage meter_;
  ForwardStage forward_;
  std::optional<RelayStage> relay_;
  int answer_status_ = 0;
  Timer silence_;  // the upstream's, or on a quiet stream ours
  int64_t heard_nanos_ = 0;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_EXCHANGE_EXCHANGE_H_
