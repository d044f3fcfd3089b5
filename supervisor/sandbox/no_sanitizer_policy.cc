#include "supervisor/sandbox/role_policies.h"

namespace holt::supervisor {

bool AllowSanitizer(PolicyBuilder& /*policy*/) { return false; }

}  // namespace holt::supervisor
