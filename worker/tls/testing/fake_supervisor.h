// The other end of a worker's supervisor channel: signs with real keys, when
// and as the test says.
#ifndef HOLT_WORKER_TLS_TESTING_FAKE_SUPERVISOR_H_
#define HOLT_WORKER_TLS_TESTING_FAKE_SUPERVISOR_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "common/event/loop.h"
#include "common/ipc/frame_channel.h"
#include "common/ipc/frames.h"
#include "worker/net/supervisor_client.h"
#include "worker/tls/testing/test_identity.h"

namespace holt::worker {

class FakeSupervisor : public SupervisorEvents {
 public:
  explicit FakeSupervisor(Loop& loop);

  SupervisorClient& client() { return *client_; }
  void Add(const TestIdentity& identity) { identities_.push_back(&identity); }

  // Requests are kept until Release.
  void Hold() { hold_ = true; }
  [[nodiscard]] size_t held() const { return held_.size(); }
  // Answers all that is held, the latest first.
  void Release();
  // What requests are answered with from now on.
  void Refuse() { refuse_ = true; }
  void Die();

  [[nodiscard]] int signatures() const { return signatures_; }

  void OnTicketKeys(const TicketKeysReply& /*keys*/) override {}
  void OnCredential(const CredentialReply& /*credential*/) override {}
  void OnIntroduce(const Introduce& /*introduce*/, UniqueFd /*fd*/) override {}
  void OnDrain(const Drain& /*drain*/) override {}
  void OnSupervisorLost() override {}

 private:
  struct Held {
    uint64_t id;
    SignRequest request;
  };
  void OnReady();
  void Answer(const Held& held);
  SignReply Sign(const SignRequest& request);

  FrameChannel channel_;
  std::unique_ptr<FdEvent> event_;
  std::unique_ptr<SupervisorClient> client_;
  std::vector<const TestIdentity*> identities_;
  std::vector<Held> held_;
  bool hold_ = false;
  bool refuse_ = false;
  int signatures_ = 0;
};

// Ticket keys that begin with `seed`.
TicketKeysReply MakeTicketKeys(uint8_t seed);
// The same, with `previous` still known.
TicketKeysReply MakeTicketKeys(uint8_t seed, uint8_t previous);

}  // namespace holt::worker

#endif  // HOLT_WORKER_TLS_TESTING_FAKE_SUPERVISOR_H_
