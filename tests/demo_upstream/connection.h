// One connection to the demo upstream: reads requests, writes their answers in
// order, holds at most one piece of an answer and 64 KiB of what came too
// early. Runs on the loop of the demo; the peer is hostile.
#ifndef HOLT_TESTS_DEMO_UPSTREAM_CONNECTION_H_
#define HOLT_TESTS_DEMO_UPSTREAM_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "common/base/unique_fd.h"
#include "common/event/loop.h"
#include "tests/demo_upstream/answer.h"
#include "tests/demo_upstream/http_request.h"
#include "tests/demo_upstream/service.h"

namespace holt::demo {

class Connection final : public Deletable {
 public:
  // Is told once that the connection is over and deletes it, deferred.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void OnClosed(Connection& connection) = 0;
  };

  // `socket` is connected and non-blocking. All references outlive this.
  Connection(Loop& loop, UniqueFd socket, Service& service, BodyBudget& budget,
             Owner& owner);

 private:
  void OnReady(uint32_t ready);
  // Reads once, a bounded share.
  void Receive();
  void Take(absl::string_view bytes);
  void StartAnswer();
  // Makes and writes pieces until the socket is full, a wait is due, the answer
  // ends or this turn's share is used up.
  void Pump();
  // False when the socket is full or gone.
  bool Flush();
  // Waits, or produces the next piece. False: nothing more this turn.
  bool Advance();
  void FinishAnswer();
  void Close(bool by_reset);
  void UpdateInterest();

  UniqueFd socket_;
  Service& service_;
  Owner& owner_;
  RequestParser parser_;
  FdEvent event_;
  Timer pause_;
  std::unique_ptr<Answer> answer_;
  Answer::Then then_ = Answer::Then::kMore;
  bool waited_ = false;
  bool closed_ = false;
  std::string early_;
  std::string outgoing_;
  size_t written_ = 0;
};

}  // namespace holt::demo

#endif  // HOLT_TESTS_DEMO_UPSTREAM_CONNECTION_H_
