// A handler that writes down what a connection tells it.
#ifndef HOLT_WORKER_NET_TESTING_HANDLERS_H_
#define HOLT_WORKER_NET_TESTING_HANDLERS_H_

#include <functional>
#include <optional>
#include <string>

#include "worker/net/connection.h"

namespace holt::worker {

// Takes all input as it comes, unless `keep_input`.
class RecordingHandler : public ConnectionHandler {
 public:
  void OnOpen() override {
    opened = true;
    if (on_open) on_open();
  }
  void OnInput() override {
    ++inputs;
    ended = connection->input_ended();
    if (!keep_input) TakeInput();
    if (on_input) on_input();
  }
  void OnDrained() override {
    ++drained;
    if (on_drained) on_drained();
  }
  void OnClosed(CloseReason reason) override { closed = reason; }

  void TakeInput() {
    ChunkBuffer& input = connection->input();
    while (!input.empty()) {
      const auto front = input.Front();
      text.append(reinterpret_cast<const char*>(front.data()), front.size());
      input.Consume(front.size());
    }
  }

  Connection* connection = nullptr;
  bool keep_input = false;
  std::function<void()> on_open;
  std::function<void()> on_input;
  std::function<void()> on_drained;

  bool opened = false;
  bool ended = false;
  int inputs = 0;
  int drained = 0;
  std::optional<CloseReason> closed;
  std::string text;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_NET_TESTING_HANDLERS_H_
