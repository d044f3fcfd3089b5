// Starts a test program as the supervisor would start a child: its descriptors
// at their numbers, the real sandbox file of its role among them, everything
// else closed. Then tells how it ended. Tests only.
#ifndef HOLT_TESTS_PRIVSEP_JAIL_H_
#define HOLT_TESTS_PRIVSEP_JAIL_H_

#include <sys/types.h>

#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/ipc/descriptors.h"
#include "common/ipc/frame_channel.h"
#include "common/ipc/shared_memory.h"
#include "supervisor/sandbox/policies.h"

namespace holt {

// How a jailed program ended.
struct Ending {
  int exit_code = -1;  // -1: by a signal
  int signal = 0;
  // The call that the sandbox refused, by name, when that killed it.
  std::string forbidden_call;
};
std::ostream& operator<<(std::ostream& out, const Ending& ending);

class Jail {
 public:
  // Uses what this machine has, and has violations named.
  explicit Jail(Role role);

  supervisor::SandboxOptions& options() { return options_; }
  // Also gives the child `fd`, at `number`.
  void Give(int number, UniqueFd fd) { descriptors_[number] = std::move(fd); }

  // Starts tests/privsep/<program> with the arguments.
  void Start(const std::string& program, std::vector<std::string> arguments);
  // The supervisor's end of the child's channel; closing it is a way to tell
  // the child to go.
  FrameChannel& channel() { return channel_; }
  // Until the child writes to its channel.
  void WaitForByte();
  [[nodiscard]] pid_t pid() const { return pid_; }
  // Waits for the end.
  Ending Wait();
  Ending Run(const std::string& program, std::vector<std::string> arguments) {
    Start(program, std::move(arguments));
    return Wait();
  }

  // What --parent says; by default the truth.
  void set_claimed_parent(pid_t pid) { claimed_parent_ = pid; }
  // Whose sandbox file it gets; by default its own role's.
  void set_sandbox_role(Role role) { sandbox_role_ = role; }

 private:
  void GiveWhatEveryChildGets();
  void GiveWhatTheRoleGets();

  const Role role_;
  Role sandbox_role_;
  supervisor::SandboxOptions options_;
  std::map<int, UniqueFd> descriptors_;
  Mapping counters_;
  FrameChannel channel_;
  pid_t claimed_parent_;
  pid_t pid_ = -1;
};

// A directory of its own, removed when destroyed.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] UniqueFd Open() const;

 private:
  std::string path_;
};

// A listening TCP socket on a free port of the loopback address, non-blocking.
struct Listener {
  UniqueFd fd;
  uint16_t port = 0;
};
Listener ListenOnLoopback();

}  // namespace holt

#endif  // HOLT_TESTS_PRIVSEP_JAIL_H_
