// What a command line of holtctl asks for, as plain values. Runs in holtctl.
#ifndef HOLT_ADMIN_SERVICE_CLI_OPTIONS_H_
#define HOLT_ADMIN_SERVICE_CLI_OPTIONS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proto/holt/admin/v1/api_key_service.pb.h"
#include "proto/holt/admin/v1/usage_service.pb.h"

namespace holt::admin::cli {

enum class Command {
  kKeysCreate,
  kKeysList,
  kKeysGet,
  kKeysRevoke,
  kKeysDisable,
  kKeysEnable,
  kUsage,
  kStatus,
  kVersion,
};

enum class OutputFormat { kTable, kJson, kCsv, kName, kSecret };

struct Options {
  Command command = Command::kStatus;

  // Every command.
  std::string address;  // empty: find it (address.h)
  absl::Duration timeout = absl::Seconds(10);
  OutputFormat output = OutputFormat::kTable;
  bool no_headers = false;
  bool yes = false;

  // keys. `key` as typed: an id or a full resource name.
  std::string key;
  v1::CreateApiKeyRequest create;
  bool show_revoked = false;

  // usage.
  v1::QueryUsageRequest usage;
};

}  // namespace holt::admin::cli

#endif  // HOLT_ADMIN_SERVICE_CLI_OPTIONS_H_
