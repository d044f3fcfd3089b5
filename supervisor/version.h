// The version of this build, as --version and the node's status tell it.
#ifndef HOLT_SUPERVISOR_VERSION_H_
#define HOLT_SUPERVISOR_VERSION_H_

namespace holt::supervisor {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_VERSION_H_
