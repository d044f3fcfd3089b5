// The first lines of every child's main: tie it to its supervisor, make its
// memory unreadable to others, and shut it into the sandbox that the supervisor
// wrote for its role (kSandboxFd). Worker, courier, connector, admin-service.
//
//   int main(int argc, char** argv) {
//     holt::InitLog("worker");
//     // A SecretArena, if the role needs one, is made here: the sandbox has no
//     // memfd_secret.
//     if (auto entered = holt::EnterChild(holt::Role::kWorker, argc, argv);
//         !entered.ok()) {
//       ...log, return 1
//     }
//
// One thread must be all there is: Landlock rules apply to the calling thread
// and those it starts. Libraries that start threads come after.
#ifndef HOLT_COMMON_CHILD_ENTER_H_
#define HOLT_COMMON_CHILD_ENTER_H_

#include "absl/status/status.h"
#include "common/ipc/descriptors.h"

namespace holt {

// All of it, in this order: the parent is the process that --parent=PID names
// and its death kills us; no core files, not dumpable, no new privileges, no
// memory that turns executable (where the kernel can); then EnterSandbox().
// FailedPrecondition when the parent is another or the sandbox is for another
// role; a child that gets an error must exit.
absl::Status EnterChild(Role role, int argc, char** argv);

// The sandbox alone: reads the file at kSandboxFd and closes it, enforces its
// Landlock rules, then its seccomp program. Nothing can be undone after. Needs
// PR_SET_NO_NEW_PRIVS. For EnterChild and its tests.
absl::Status EnterSandbox(Role role);

}  // namespace holt

#endif  // HOLT_COMMON_CHILD_ENTER_H_
