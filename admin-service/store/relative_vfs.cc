#include "admin-service/store/relative_vfs.h"

#include <sqlite3.h>

#include <cstring>

namespace holt::admin {
namespace {

int KeepRelative(sqlite3_vfs*, const char* name, int size, char* out) {
  const size_t length = std::strlen(name);
  if (size < 0 || length >= static_cast<size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(out, name, length + 1);
  return SQLITE_OK;
}

sqlite3_vfs* MakeVfs() {
  const sqlite3_vfs* const system = sqlite3_vfs_find(nullptr);
  if (system == nullptr) return nullptr;
  static sqlite3_vfs relative = *system;
  relative.zName = kRelativeVfs;
  relative.xFullPathname = KeepRelative;
  const bool registered =
      sqlite3_vfs_register(&relative, /*makeDflt=*/0) == SQLITE_OK;
  return registered ? &relative : nullptr;
}

}  // namespace

absl::Status RegisterRelativeVfs() {
  static const sqlite3_vfs* const vfs = MakeVfs();
  if (vfs == nullptr) {
    return absl::InternalError("SQLite has no file layer");
  }
  return absl::OkStatus();
}

}  // namespace holt::admin
