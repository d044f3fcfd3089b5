// SQLite's file layer with one difference: file names stay relative. The
// admin-service runs as a user of its own, with the state directory as its
// working directory; the directories above may be closed to it (/root is), so
// that the absolute names SQLite would make could not be opened. Runs in the
// admin-service.
#ifndef HOLT_ADMIN_SERVICE_STORE_RELATIVE_VFS_H_
#define HOLT_ADMIN_SERVICE_STORE_RELATIVE_VFS_H_

#include "absl/status/status.h"

namespace holt::admin {

// Its name, for sqlite3_open_v2.
inline constexpr char kRelativeVfs[] = "holt-relative";

// Registers it; once per process is enough, more does no harm.
absl::Status RegisterRelativeVfs();

}  // namespace holt::admin

#endif  // HOLT_ADMIN_SERVICE_STORE_RELATIVE_VFS_H_
