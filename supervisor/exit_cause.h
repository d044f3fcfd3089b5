// Why a child ended, in words for the operator. Supervisor only.
#ifndef HOLT_SUPERVISOR_EXIT_CAUSE_H_
#define HOLT_SUPERVISOR_EXIT_CAUSE_H_

#include <cstdint>
#include <string>

#include "common/ipc/descriptors.h"

namespace holt::supervisor {

// `wait_status` is what waitpid gave; `forbidden_call` the child's counter of
// that name, a hostile number.
std::string DescribeExit(Role role, int wait_status, uint64_t forbidden_call);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_EXIT_CAUSE_H_
