// One client's connection: reads requests off it one after another, runs an
// exchange for each, and watches how long each part of it may take. Worker; the
// client is hostile. Owned by SessionTable.
//
//   kFirstByte --> kHead --> kBody --> kExchange --> kIdle --> kHead ...
//        every state --> kEnding (answer written, rest of input dropped)
#ifndef HOLT_WORKER_EXCHANGE_CLIENT_SESSION_H_
#define HOLT_WORKER_EXCHANGE_CLIENT_SESSION_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "common/event/loop.h"
#include "worker/exchange/exchange.h"
#include "worker/exchange/services.h"
#include "worker/http/request_parser.h"
#include "worker/net/acceptor.h"
#include "worker/net/connection.h"
#include "worker/net/peer_address.h"

namespace holt::worker {

class SessionTable;

class ClientSession final : public Deletable,
                            public ConnectionHandler,
                            private ExchangeClient {
 public:
  ClientSession(Services& services, SessionTable& table,
                std::unique_ptr<Transport> transport, const PeerAddress& peer,
                ConnectionSlot slot);
  ~ClientSession() override;

  void Start();
  // The worker drains: ends now if idle, else with the answer under way.
  void Drain();

 private:
  enum class State { kFirstByte, kHead, kBody, kExchange, kIdle, kEnding };

  // Connection's callbacks.
  void OnOpen() override;
  void OnInput() override;
  void OnDrained() override;
  void OnClosed(CloseReason reason) override;
  // Exchange's callbacks.
  ChunkBuffer& output() override { return connection_->output(); }
  void Flush() override { connection_->Flush(); }
  [[nodiscard]] bool output_above_high() const override {
    return connection_->output_above_high();
  }
  void OnExchangeDone(ExchangeEnd end) override;

  void ParseInput();
  [[nodiscard]] bool MayParse() const;
  bool Step();
  bool OnHead();
  [[nodiscard]] bool BodyIsTooSlow() const;
  void OnRequestEnd();
  void OnRefused();
  void NextRequest();
  void ResumeParsing();
  void SetState(State state);
  void OnTimeout();
  void AnswerTimeout(RefusalKind kind);
  void WriteRefusal(const Refusal& refusal);
  void End();
  void EndIdle();
  void Leave();

  Services& services_;
  SessionTable& table_;
  ConnectionSlot slot_;
  std::unique_ptr<Connection> connection_;
  RequestParser parser_;
  std::unique_ptr<Exchange> exchange_;
  Admitter::Origin origin_;
  State state_ = State::kFirstByte;
  Timer timer_;
  Timer resume_;  // goes on parsing in the next turn
  const int64_t opened_nanos_;
  int64_t body_start_nanos_ = 0;
  uint32_t requests_ = 0;
  bool parsing_ = false;  // inside ParseInput: it goes on by itself
};

// All sessions of the worker.
class SessionTable {
 public:
  explicit SessionTable(Services& services) : services_(services) {}
  ~SessionTable();
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;

  void Open(std::unique_ptr<Transport> transport, const PeerAddress& peer,
            ConnectionSlot slot);
  // Deletes a session at the end of the turn.
  void Remove(ClientSession* session);
  void DrainAll();
  [[nodiscard]] size_t size() const { return sessions_.size(); }
  // Runs when the last session has gone.
  void set_on_empty(std::function<void()> on_empty) {
    on_empty_ = std::move(on_empty);
  }

 private:
  Services& services_;
  absl::flat_hash_map<ClientSession*, std::unique_ptr<ClientSession>> sessions_;
  std::function<void()> on_empty_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_EXCHANGE_CLIENT_SESSION_H_
