// Where holtctl writes and asks: standard output for data, standard error for
// everything else. Runs in holtctl; tests have one of their own.
#ifndef HOLT_ADMIN_SERVICE_CLI_TERMINAL_H_
#define HOLT_ADMIN_SERVICE_CLI_TERMINAL_H_

#include <string>

#include "absl/strings/string_view.h"

namespace holt::admin::cli {

class Terminal {
 public:
  virtual ~Terminal() = default;
  virtual void Out(absl::string_view text) = 0;
  virtual void Error(absl::string_view text) = 0;
  // Whether a person can be asked: standard input and error are a terminal.
  [[nodiscard]] virtual bool can_ask() const = 0;
  // Asks on standard error and reads one line, without its end; empty at the
  // end of input.
  virtual std::string Ask(absl::string_view question) = 0;
  // Whether standard output takes colours: a terminal, and neither NO_COLOR nor
  // TERM=dumb.
  [[nodiscard]] virtual bool has_colour() const = 0;
  // Whether something that went to Out() did not arrive: a full disk, say.
  [[nodiscard]] virtual bool has_lost_output() const = 0;
};

// The process's own.
class ProcessTerminal final : public Terminal {
 public:
  void Out(absl::string_view text) override;
  void Error(absl::string_view text) override;
  [[nodiscard]] bool can_ask() const override;
  std::string Ask(absl::string_view question) override;
  [[nodiscard]] bool has_colour() const override;
  [[nodiscard]] bool has_lost_output() const override { return lost_output_; }

 private:
  bool lost_output_ = false;
};

}  // namespace holt::admin::cli

#endif  // HOLT_ADMIN_SERVICE_CLI_TERMINAL_H_
