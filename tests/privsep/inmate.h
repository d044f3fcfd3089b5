// main of the programs that show what a role can do inside its sandbox: enters
// it as a child of that role does, then works. Tests only.
#ifndef HOLT_TESTS_PRIVSEP_INMATE_H_
#define HOLT_TESTS_PRIVSEP_INMATE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/ipc/descriptors.h"

namespace holt {

// The arguments behind --parent and --role.
using InmateArguments = std::vector<std::string>;

// Runs `work` in the sandbox of `role`. 0 when it succeeds; else its status
// goes to stderr and 1 comes back.
int RunInmate(Role role, int argc, char** argv,
              absl::Status (*work)(const InmateArguments&));

// Blocks until the supervisor closes the channel.
void WaitForTheEnd();
// Tells the supervisor that a step is done (Jail::WaitForByte).
void TellSupervisor();

// OK when `condition` holds, else an error that says `what` did not work, with
// errno.
absl::Status Expect(bool condition, const char* what);

}  // namespace holt

#endif  // HOLT_TESTS_PRIVSEP_INMATE_H_
